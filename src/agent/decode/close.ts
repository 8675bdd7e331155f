/**
 * How a TCP connection ended, from what the kernel left in the socket: its last state, its error and its flags.
 * Follows tcp_reset(), tcp_disconnect(), tcp_write_err(), tcp_fin() and __tcp_close() of net/ipv4.
 */
import { constants } from 'node:os';
import type { CloseReason, FlowState } from '../../record/flow.ts';
import { TCP_FLAG } from './layout.generated.ts';
import type { TcpEvent } from './tcp.ts';

/** TCP states as the kernel numbers them (include/net/tcp_states.h, user-space ABI). */
export const TCP_STATE = {
  established: 1,
  synSent: 2,
  synRecv: 3,
  finWait1: 4,
  finWait2: 5,
  close: 7,
  closeWait: 8,
  lastAck: 9,
  closing: 11,
} as const;

const {
  ECONNREFUSED,
  ECONNRESET,
  ECONNABORTED,
  EPIPE,
  ETIMEDOUT,
  EHOSTUNREACH,
  ENETUNREACH,
  EHOSTDOWN,
  ENETDOWN,
  EACCES,
} = { EHOSTDOWN: 112, ...constants.errno };
const UNREACHABLE = new Set([EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EACCES]);

const STATE_OF: Readonly<Record<CloseReason, FlowState>> = {
  Finished: 'Closed',
  HalfClosed: 'Closed',
  ResetSent: 'Reset',
  ResetReceived: 'Reset',
  Reset: 'Reset',
  Refused: 'Reset',
  TimedOut: 'TimedOut',
  Unreachable: 'TimedOut',
  Abandoned: 'Closed',
  Unknown: 'Closed',
};

export interface Ending {
  readonly state: FlowState;
  /** Undefined: it has not ended. */
  readonly reason: CloseReason | undefined;
}

const LIVES_ON: Ending = { state: 'Active', reason: undefined };

type EndingFacts = Pick<TcpEvent, 'lastState' | 'error' | 'flags'>;

/** A connection that was never established is Failed, whatever the reason. */
export function endingOf(event: EndingFacts): Ending {
  if ((event.flags & TCP_FLAG.ended) === 0) return LIVES_ON;
  const established = (event.flags & TCP_FLAG.established) !== 0;
  const reason = reasonOfError(event) ?? (established ? orderlyReason(event) : 'Abandoned');
  return { reason, state: established ? STATE_OF[reason] : 'Failed' };
}

function reasonOfError(event: EndingFacts): CloseReason | undefined {
  switch (event.error) {
    case 0:
      return undefined;
    case ECONNREFUSED:
      return 'Refused';
    case ETIMEDOUT:
      return 'TimedOut';
    case ECONNABORTED:
      return 'ResetSent';
    case ECONNRESET:
    case EPIPE:
      return whoseReset(event);
    default:
      return UNREACHABLE.has(event.error) ? 'Unreachable' : 'Unknown';
  }
}

/** After close() the kernel itself resets when data still comes, and leaves the same error as a reset from the peer. */
function whoseReset(event: EndingFacts): CloseReason {
  const ownFinIsOut = event.lastState === TCP_STATE.finWait1 || event.lastState === TCP_STATE.finWait2;
  return ownFinIsOut && (event.flags & TCP_FLAG.receiveShut) !== 0 ? 'Reset' : 'ResetReceived';
}

function orderlyReason(event: EndingFacts): CloseReason {
  const finReceived = (event.flags & TCP_FLAG.finReceived) !== 0;
  const finAcked = (event.flags & TCP_FLAG.finAcked) !== 0;
  const orphaned = (event.flags & TCP_FLAG.orphaned) !== 0;
  switch (event.lastState) {
    case TCP_STATE.finWait2:
      if (finReceived) return 'Finished';
      // SO_LINGER 0 aborts while the process still holds the socket; otherwise TIME-WAIT takes over.
      return orphaned ? 'HalfClosed' : 'ResetSent';
    case TCP_STATE.lastAck:
    case TCP_STATE.closing:
      return finReceived && finAcked ? 'Finished' : 'Unknown';
    case TCP_STATE.established:
    case TCP_STATE.closeWait:
    case TCP_STATE.finWait1:
    case TCP_STATE.synRecv:
      return 'ResetSent';
    default:
      return 'Unknown';
  }
}
