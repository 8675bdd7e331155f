/**
 * The image of a full ring buffer: records as the kernel would have left them, written by the BTF of the contract. From a
 * fixed seed, so that every run of the bench decodes the same bytes.
 */
import { isIPv6 } from 'node:net';
import type { RingPages } from '../../src/agent/read/ring.ts';
import { structWriter } from '../../test/support/btf-writer.ts';
import type { World, WorldPod } from './world.ts';

const PAGE_BYTES = 4096;
const HEADER_BYTES = 8;
const SEED = 20_261_121;
const EXECUTABLES = ['nginx', 'node', 'java', 'python3.12', 'postgres', 'redis-server', 'envoy', 'ruby', 'dotnet'];
const [AF_INET, AF_INET6] = [2, 10];
const [ACTIVE, PASSIVE] = [1, 2];
const FLAG = { established: 1, finReceived: 2, finAcked: 4, orphaned: 16, joined: 32, ended: 128 };
const STATE = { established: 1, synSent: 2, finWait2: 5, lastAck: 9 };
const ECONNREFUSED = 111;
const ECONNRESET = 104;
const UNKNOWN_MICROS = 0xffffffff;
const SERVICE_PORTS = [80, 443, 5432, 6379, 8080, 9090];

/** One end of a connection. */
interface End {
  readonly address: string;
  readonly port: number;
  /** Undefined: not on this node. */
  readonly pod: WorldPod | undefined;
}

/** The set of captures that the kernel would find for a pod. */
type SetOf = (pod: WorldPod) => number;

type Fields = Readonly<Record<string, number | bigint | Uint8Array>>;

/**
 * Fills a ring of `dataBytes` (a power of two). The mix: half of the connections between two pods of this node (two
 * records each, joined), a third to pods elsewhere, the rest to the Internet; one in eight over IPv6; one in twelve reset or refused.
 */
export function recordRing(dataBytes: number, world: World, setOf: SetOf): { image: Uint8Array; records: number } {
  const image = new Uint8Array(PAGE_BYTES + dataBytes);
  const writer = structWriter('tcp_flow');
  const traffic = new Traffic(world, setOf);
  const recordBytes = (HEADER_BYTES + writer.view.byteLength + 7) & ~7;
  const room = Math.floor(dataBytes / recordBytes);
  const header = new DataView(image.buffer);
  let records = 0;
  while (records < room) {
    for (const fields of traffic.connection().slice(0, room - records)) {
      for (const [name, value] of Object.entries(fields)) {
        if (value instanceof Uint8Array) writer.setBytes(name, value);
        else writer.set(name, value);
      }
      const at = PAGE_BYTES + records * recordBytes;
      header.setUint32(at, writer.view.byteLength, true);
      image.set(new Uint8Array(writer.view.buffer), at + HEADER_BYTES);
      records += 1;
    }
  }
  if (writer.unset.length > 0) throw new Error(`the bench leaves fields of tcp_flow unset: ${writer.unset.join(', ')}`);
  header.setBigUint64(0, BigInt(records * recordBytes), true);
  return { image, records };
}

/** The pages that a reader maps: the data twice in a row. */
export function ringPages(image: Uint8Array): RingPages {
  const dataBytes = image.length - PAGE_BYTES;
  const producer = new Uint8Array(PAGE_BYTES + 2 * dataBytes);
  producer.set(image);
  producer.set(image.subarray(PAGE_BYTES), image.length);
  return { consumer: new ArrayBuffer(PAGE_BYTES), producer: producer.buffer, pageBytes: PAGE_BYTES, dataBytes };
}

class Traffic {
  readonly #world: World;
  readonly #setOf: SetOf;
  #state = SEED;
  #now = 4_000_000_000_000;

  constructor(world: World, setOf: SetOf) {
    this.#world = world;
    this.#setOf = setOf;
  }

  /** The records of one connection, in the order of their closes. */
  connection(): Fields[] {
    const six = this.#chance(1 / 8);
    const kind = this.#random();
    const client = this.#end(this.#world.here, six, this.#between(32_768, 60_999));
    const port = this.#pick(SERVICE_PORTS);
    if (kind < 1 / 2) return this.#here(client, this.#end(this.#world.here, six, port));
    const far = kind < 5 / 6 ? this.#end(this.#world.elsewhere, six, port) : this.#internet(six);
    const opened = kind >= 5 / 6 || this.#chance(1 / 2);
    const own = opened ? client : { ...client, port };
    const other = opened ? far : { ...far, port: this.#between(32_768, 60_999) };
    return [this.#record(own, other, opened ? ACTIVE : PASSIVE, this.#between(1, 2 ** 48), undefined)];
  }

  #here(client: End, server: End): Fields[] {
    const id = this.#between(1, 2 ** 48);
    return [
      this.#record(server, client, PASSIVE, id, client.pod),
      this.#record(client, server, ACTIVE, id, server.pod),
    ];
  }

  #record(own: End, far: End, role: number, id: number, farPod: WorldPod | undefined): Fields {
    this.#now += this.#between(10_000, 90_000);
    const { pod } = own;
    if (pod === undefined) throw new Error('a record has its own end on this node');
    const ending = this.#random();
    const failed = ending < 1 / 40 && role === ACTIVE;
    const reset = !failed && ending < 1 / 12;
    const sent = failed ? 0 : this.#volume();
    const received = failed ? 0 : this.#volume();
    const rtt = failed ? 0 : this.#between(40, 2000);
    const start = this.#now - Math.floor(200_000 * 10 ** (4 * this.#random()));
    const orderly = FLAG.finReceived | FLAG.finAcked;
    return {
      type: 1,
      family: isIPv6(own.address) ? AF_INET6 : AF_INET,
      role,
      last_state: failed ? STATE.synSent : reset ? STATE.established : role === ACTIVE ? STATE.lastAck : STATE.finWait2,
      flags:
        FLAG.ended | (failed ? 0 : FLAG.established | (reset ? 0 : orderly) | (farPod === undefined ? 0 : FLAG.joined)),
      flow_id_key: 0,
      error: failed ? ECONNREFUSED : reset ? ECONNRESET : 0,
      set: this.#setOf(pod),
      pid: this.#chance(1 / 10) ? 0 : 1000 + (pod.netnsCookie % 4096),
      process_start_ns: 1_000_000_000 + pod.netnsCookie * 1_000_000,
      sequence: 0,
      opened_ns: start,
      start_ns: start,
      end_ns: this.#now,
      flow_id: failed ? 0 : (BigInt(id) << 15n) | 1n,
      sample: Math.floor(id / 2 ** 17),
      relief: 0,
      bytes_received: received,
      bytes_sent: sent,
      cgroup_id: pod.cgroupId,
      netns_cookie: pod.netnsCookie,
      far_cgroup_id: farPod?.cgroupId ?? 0,
      far_netns_cookie: farPod?.netnsCookie ?? 0,
      local_address: addressBytes(own.address),
      remote_address: addressBytes(far.address),
      local_port: own.port,
      remote_port: far.port,
      segments_received: Math.ceil(received / 1448),
      segments_sent: Math.ceil(sent / 1448),
      retransmits: this.#chance(1 / 50) ? this.#between(1, 4) : 0,
      srtt_us: rtt,
      rttvar_us: rtt >> 1,
      rtt_min_us: failed ? UNKNOWN_MICROS : rtt >> 1,
      handshake_us: failed ? UNKNOWN_MICROS : rtt + 7,
      executable: textBytes(EXECUTABLES[pod.netnsCookie % EXECUTABLES.length] ?? ''),
    };
  }

  #end(pods: readonly WorldPod[], six: boolean, port: number): End {
    const pod = this.#pick(pods);
    return { address: pod.addresses[six ? 1 : 0] ?? '', port, pod };
  }

  #internet(six: boolean): End {
    const [a, b, c] = [this.#between(0, 255), this.#between(0, 255), this.#between(1, 254)];
    const address = six ? `2001:db8:${a.toString(16)}:${b.toString(16)}::${c.toString(16)}` : `203.${a}.${b}.${c}`;
    return { address, port: 443, pod: undefined };
  }

  /** From 10 bytes to 10 MB, small ones as often as large ones. */
  #volume(): number {
    return Math.floor(10 ** (1 + 6 * this.#random()));
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#between(0, items.length - 1)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** A linear congruential generator (Numerical Recipes): good enough for variety, and the same on every machine. */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

function addressBytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!isIPv6(address)) {
    bytes.set(address.split('.').map(Number));
    return bytes;
  }
  const [front = [], back = []] = address
    .split('::')
    .map((half) => half.split(':').map((group) => Number.parseInt(group, 16)));
  const groups = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  for (const [index, group] of groups.entries()) new DataView(bytes.buffer).setUint16(index * 2, group);
  return bytes;
}

function textBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(24);
  bytes.set(Buffer.from(text));
  return bytes;
}
