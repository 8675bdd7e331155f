/**
 * Which of the captures that select a pod want this record of it: by who opened the connection, by its far side, by
 * sampling, and within their limits. What all captures of a set have in common the kernel has decided already; to decide it again changes
 * nothing.
 */
import type { Ledger } from '../../export/ledger.ts';
import type { PlanCapture } from '../../plan/plan.ts';
import { DEFAULT_FLOWS_PER_SECOND } from '../../plan/wishes.ts';
import type { Flow } from '../../record/flow.ts';
import { ROLE } from '../decode/layout.generated.ts';
import type { TcpEvent } from '../decode/tcp.ts';
import { farSideOf, type PodOf } from './far-side.ts';
import { PeerRules, type SocketView } from './peer-rules.ts';
import { TokenBucket } from './token-bucket.ts';

/** As the kernel knows it: who must have opened; ROLE.unknown: anybody. */
export function roleOf(direction: PlanCapture['direction']): number {
  if (direction === undefined) return ROLE.unknown;
  return direction === 'Outbound' ? ROLE.active : ROLE.passive;
}

/** Samples below this are taken, of all that there are. Both ends of a connection have the same sample, and samplings nest. */
export function sampledBelow(oneIn: number): number {
  return Math.floor(2 ** 32 / oneIn);
}

interface Wanting {
  readonly role: number;
  readonly peers: PeerRules | undefined;
  readonly oneIn: number;
  readonly rate: number;
  readonly bucket: TokenBucket;
}

/** What is read of a record. */
export type WantedEvent = Pick<TcpEvent, 'sample' | 'relief'> & SocketView;

export class Wanted {
  readonly #ledger: Pick<Ledger, 'filtered' | 'sampledOut' | 'lost'>;
  readonly #now: () => number;
  readonly #podOf: PodOf;
  #wanting = new Map<number, Wanting>();

  /** @param podOf the pod that a record names so, where its labels are known. @param now ms since some instant; never steps. */
  constructor(ledger: Pick<Ledger, 'filtered' | 'sampledOut' | 'lost'>, podOf: PodOf, now: () => number) {
    this.#ledger = ledger;
    this.#podOf = podOf;
    this.#now = now;
  }

  /** From now on these captures want. A limit that stays goes on where it stood. */
  adopt(captures: readonly PlanCapture[]): void {
    this.#wanting = new Map(captures.map((capture) => [capture.index, this.#wantingOf(capture)]));
  }

  /**
   * The captures among these that want the record; the same list where all do. Each of the others has counted it, with the
   * reason. One that is in the plan no more wants all: whoever routes it knows. `flow`: the same record, made where labels
   * decide.
   */
  of(event: WantedEvent, captures: readonly number[], flow: () => Flow): readonly number[] {
    let kept: number[] | undefined;
    for (const [at, capture] of captures.entries()) {
      const wanting = this.#wanting.get(capture);
      if (wanting === undefined || this.#wants(capture, wanting, event, flow)) kept?.push(capture);
      else kept ??= captures.slice(0, at);
    }
    return kept ?? captures;
  }

  /** In the kernel's order, with what only user space knows after it. */
  #wants(capture: number, { role, peers, oneIn, bucket }: Wanting, event: WantedEvent, flow: () => Flow): boolean {
    const bySocket = peers?.bySocket(event);
    const byLabel = () => peers?.byLabel(event, farSideOf(flow(), this.#podOf));
    if (role !== ROLE.unknown && role !== event.role) this.#ledger.filtered([capture], 'direction');
    else if (bySocket === 'Exclude') this.#ledger.filtered([capture], 'peer');
    else if (event.sample >= sampledBelow(oneIn * event.relief)) this.#ledger.sampledOut([capture]);
    else if (bySocket === 'ByLabel' && !this.#includes(capture, byLabel())) return false;
    else if (!bucket.take()) this.#ledger.lost([capture], 'rateLimited');
    else return true;
    return false;
  }

  #includes(capture: number, answer: ReturnType<PeerRules['byLabel']> | undefined): boolean {
    if (answer === 'Include') return true;
    this.#ledger.filtered([capture], answer === 'Unknown' ? 'peerUnknown' : 'peer');
    return false;
  }

  #wantingOf({
    index,
    name,
    direction,
    peers,
    oneIn = 1,
    flowsPerSecond = DEFAULT_FLOWS_PER_SECOND,
  }: PlanCapture): Wanting {
    const known = this.#wanting.get(index);
    const bucket = known?.rate === flowsPerSecond ? known.bucket : new TokenBucket(flowsPerSecond, this.#now);
    const [namespace = ''] = name.split('/');
    const rules = peers === undefined ? undefined : new PeerRules(peers, namespace);
    return { role: roleOf(direction), peers: rules, oneIn, rate: flowsPerSecond, bucket };
  }
}
