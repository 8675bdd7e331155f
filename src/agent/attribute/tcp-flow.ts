/** From the kernel's view of one socket to a flow record: orders the two sides, names both, and reads the ending. */

import { attributeFar, scopeOf } from '../../attribution/far.ts';
import type { KernelEnd } from '../../attribution/kernel.ts';
import { attributeLocal, type Known } from '../../attribution/local.ts';
import type { NetnsOwners } from '../../attribution/netns-owners.ts';
import type { SideAttribution } from '../../attribution/side.ts';
import { addressType } from '../../lib/address-type.ts';
import type { Flow, Process, Side, Tcp } from '../../record/flow.ts';
import { endingOf } from '../decode/close.ts';
import { ROLE, TCP_FLAG, UNMEASURED } from '../decode/layout.generated.ts';
import type { TcpEvent } from '../decode/tcp.ts';
import type { WallClock } from '../decode/wall-clock.ts';
import type { CgroupOwners } from '../identify/cgroup-owners.ts';

/** What names the sides of a flow on this node. */
export interface Naming {
  readonly node: string;
  readonly clock: WallClock;
  readonly cgroups: CgroupOwners;
  readonly netns: NetnsOwners;
  /** What is known of the addresses of this node's own pods, and of whoever is at the far end. */
  readonly local: Known;
  readonly far: Known;
}

const NO_CAPTURE: readonly string[] = [];

/** The flow's `capture` is left empty: the router fills in the names that each export may see. */
export function tcpFlow(event: TcpEvent, naming: Naming): Flow {
  const opened = naming.clock.wallMicros(event.openedMicros);
  const isOpener = event.role !== ROLE.passive;
  const { local, far, containerId, isForeign } = name(event, opened, naming);
  const localSide = sideOf(event.localAddress, event.localPort, event.bytesSent, event.segmentsSent, local);
  const farSide = sideOf(event.remoteAddress, event.remotePort, event.bytesReceived, event.segmentsReceived, far);
  const { state, reason } = endingOf(event);
  return {
    start: naming.clock.wallMicros(event.startMicros),
    end: naming.clock.wallMicros(event.endMicros),
    state,
    sequence: event.sequence,
    id: event.flowId,
    idKey: event.flowId === undefined ? undefined : event.flowIdKey,
    scope: isJoined(event) && !isForeign ? scopeOf(event.netnsCookie, event.farNetnsCookie) : undefined,
    transport: 'tcp',
    type: event.localAddress.includes(':') ? 'ipv6' : 'ipv4',
    source: isOpener ? localSide : farSide,
    destination: isOpener ? farSide : localSide,
    tcp: measures(event, reason),
    process: processOf(event),
    containerId,
    capture: NO_CAPTURE,
    samplingOneIn: event.relief,
    cluster: undefined,
    observer: isOpener ? 'source' : 'destination',
    node: naming.node,
  };
}

interface Names {
  readonly local: SideAttribution;
  readonly far: SideAttribution;
  readonly containerId: string | undefined;
  /** The far end is on another node, which shares this kernel. */
  readonly isForeign: boolean;
}

function name(event: TcpEvent, startMicros: number, { cgroups, netns, local, far }: Naming): Names {
  const owner = cgroups.ownerOf(event.cgroupId, event);
  const evidence = { cgroup: owner.cgroup, netCookie: event.netnsCookie, address: event.localAddress, startMicros };
  netns.learn(evidence, local.owners);
  const end: KernelEnd = { cgroup: owner.cgroup, netns: netns.ownerOf(event.netnsCookie) };
  const joined = isJoined(event)
    ? { cgroup: cgroups.ownerOf(event.farCgroupId).cgroup, netns: netns.ownerOf(event.farNetnsCookie) }
    : undefined;
  return {
    local: attributeLocal({ ...end, address: event.localAddress, startMicros }, local),
    far: attributeFar({ joined, address: event.remoteAddress, startMicros, local: end }, far),
    isForeign: joined?.cgroup.is === 'unlistedPod' && joined.cgroup.foreign,
    containerId: owner.containerId,
  };
}

function isJoined(event: TcpEvent): boolean {
  return (event.flags & TCP_FLAG.joined) !== 0;
}

function sideOf(address: string, port: number, bytes: number, packets: number, named: SideAttribution): Side {
  return {
    address,
    port,
    addressType: addressType(address),
    bytes,
    packets,
    identity: named.identity,
    attribution: named.attribution,
    attributionReason: named.reason,
    proxy: named.proxy,
  };
}

function measures(event: TcpEvent, closeReason: Tcp['closeReason']): Tcp {
  const measured = event.rttMicros > 0;
  const isTakenOver = (event.flags & TCP_FLAG.takenOver) !== 0;
  // The handshake is told once, by the record in whose interval it was.
  const isFirst = event.sequence === 0 && !isTakenOver;
  return {
    rtt: measured ? event.rttMicros : undefined,
    rttVariance: measured ? event.rttVarianceMicros : undefined,
    rttMin: event.rttMinMicros === UNMEASURED.micros ? undefined : event.rttMinMicros,
    retransmits: event.retransmits,
    handshakeDuration: isFirst && event.handshakeMicros !== UNMEASURED.micros ? event.handshakeMicros : undefined,
    established: isFirst && (event.flags & TCP_FLAG.established) !== 0 ? 1 : 0,
    closed: closeReason === undefined ? 0 : 1,
    takenOver: isTakenOver || undefined,
    closeReason,
  };
}

function processOf(event: TcpEvent): Process | undefined {
  return event.pid === 0 ? undefined : { pid: event.pid, executableName: event.executable || undefined };
}
