import { constants } from 'node:os';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endingOf, TCP_STATE } from '../../../../src/agent/decode/close.ts';
import { TCP_FLAG } from '../../../../src/agent/decode/layout.generated.ts';
import type { CloseReason, FlowState } from '../../../../src/record/flow.ts';

const { ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EACCES, EPROTO } =
  constants.errno;
const EHOSTDOWN = 112;

const UP = TCP_FLAG.established;
const PEER_FIN = TCP_FLAG.finReceived;
const OWN_FIN_ACKED = TCP_FLAG.finAcked;
const SHUT = TCP_FLAG.receiveShut;
const ORPHANED = TCP_FLAG.orphaned;

type Row = readonly [
  path: string,
  lastState: number,
  error: number,
  flags: number,
  state: FlowState,
  reason: CloseReason,
];

/** The kernel's ways to TCP_CLOSE, with the state before it, sk_err and the flags that each leaves. */
const ORDERLY: readonly Row[] = [
  [
    'tcp_rcv_state_process(), LAST_ACK: the peer closed first, and acknowledged the FIN that answered',
    TCP_STATE.lastAck,
    0,
    UP | PEER_FIN | OWN_FIN_ACKED | SHUT | ORPHANED,
    'Closed',
    'Finished',
  ],
  [
    'tcp_rcv_state_process(), CLOSING: both closed at once',
    TCP_STATE.closing,
    0,
    UP | PEER_FIN | OWN_FIN_ACKED | SHUT | ORPHANED,
    'Closed',
    'Finished',
  ],
  [
    "tcp_fin(), FIN_WAIT2: the peer's FIN came and TIME-WAIT took over, tcp_time_wait()",
    TCP_STATE.finWait2,
    0,
    UP | PEER_FIN | OWN_FIN_ACKED | SHUT,
    'Closed',
    'Finished',
  ],
  [
    'tcp_time_wait(sk, TCP_FIN_WAIT2): closed first, and TIME-WAIT waits for the FIN of the peer',
    TCP_STATE.finWait2,
    0,
    UP | OWN_FIN_ACKED | SHUT | ORPHANED,
    'Closed',
    'HalfClosed',
  ],
  [
    'tcp_disconnect() in FIN_WAIT2 while the process holds the socket: shutdown(), then SO_LINGER 0',
    TCP_STATE.finWait2,
    0,
    UP | OWN_FIN_ACKED,
    'Reset',
    'ResetSent',
  ],
  [
    '__tcp_close() with unread data, or with SO_LINGER 0, in ESTABLISHED',
    TCP_STATE.established,
    0,
    UP | SHUT,
    'Reset',
    'ResetSent',
  ],
  [
    "__tcp_close() with unread data after the peer's FIN",
    TCP_STATE.closeWait,
    0,
    UP | PEER_FIN | SHUT,
    'Reset',
    'ResetSent',
  ],
  ['tcp_disconnect() in FIN_WAIT1', TCP_STATE.finWait1, 0, UP, 'Reset', 'ResetSent'],
  ['tcp_disconnect() of a Fast Open socket in SYN_RECV', TCP_STATE.synRecv, 0, UP, 'Reset', 'ResetSent'],
  ['LAST_ACK without the acknowledgement of the own FIN', TCP_STATE.lastAck, 0, UP | PEER_FIN, 'Closed', 'Unknown'],
  ['a state that no path to the close leaves', TCP_STATE.close, 0, UP, 'Closed', 'Unknown'],
];

const ERRORS: readonly Row[] = [
  ['tcp_reset() in ESTABLISHED', TCP_STATE.established, ECONNRESET, UP, 'Reset', 'ResetReceived'],
  ['tcp_reset() in CLOSE_WAIT, which is EPIPE', TCP_STATE.closeWait, EPIPE, UP | PEER_FIN, 'Reset', 'ResetReceived'],
  [
    'tcp_reset() after shutdown(SHUT_WR): the process still reads, so the kernel would not reset by itself',
    TCP_STATE.finWait2,
    ECONNRESET,
    UP | OWN_FIN_ACKED,
    'Reset',
    'ResetReceived',
  ],
  [
    'data after close() in FIN_WAIT1, answered by a reset, or a reset received: both leave ECONNRESET',
    TCP_STATE.finWait1,
    ECONNRESET,
    UP | SHUT | ORPHANED,
    'Reset',
    'Reset',
  ],
  ['data after close() in FIN_WAIT2', TCP_STATE.finWait2, ECONNRESET, UP | OWN_FIN_ACKED | SHUT, 'Reset', 'Reset'],
  [
    'tcp_reset() in LAST_ACK, after the process had closed',
    TCP_STATE.lastAck,
    ECONNRESET,
    UP | PEER_FIN | SHUT | ORPHANED,
    'Reset',
    'ResetReceived',
  ],
  ['tcp_abort(): ss -K, or a policy', TCP_STATE.established, ECONNABORTED, UP, 'Reset', 'ResetSent'],
  ['tcp_write_err() after the last retransmission', TCP_STATE.established, ETIMEDOUT, UP, 'TimedOut', 'TimedOut'],
  ['tcp_write_err() with an ICMP error before it', TCP_STATE.established, EHOSTUNREACH, UP, 'TimedOut', 'Unreachable'],
  ['an error that TCP does not set by itself', TCP_STATE.established, EPROTO, UP, 'Closed', 'Unknown'],
];

const NEVER_ESTABLISHED: readonly Row[] = [
  ['tcp_reset() in SYN_SENT: refused', TCP_STATE.synSent, ECONNREFUSED, 0, 'Failed', 'Refused'],
  ['tcp_write_err() in SYN_SENT: no answer', TCP_STATE.synSent, ETIMEDOUT, 0, 'Failed', 'TimedOut'],
  ['tcp_v4_err() in SYN_SENT: host unreachable', TCP_STATE.synSent, EHOSTUNREACH, 0, 'Failed', 'Unreachable'],
  ['tcp_v4_err() in SYN_SENT: network unreachable', TCP_STATE.synSent, ENETUNREACH, 0, 'Failed', 'Unreachable'],
  ['tcp_v4_err() in SYN_SENT: host down', TCP_STATE.synSent, EHOSTDOWN, 0, 'Failed', 'Unreachable'],
  ['tcp_v6_err() in SYN_SENT: prohibited by a rule', TCP_STATE.synSent, EACCES, 0, 'Failed', 'Unreachable'],
  ['__tcp_close() in SYN_SENT: the process gave up', TCP_STATE.synSent, 0, SHUT, 'Failed', 'Abandoned'],
  ['tcp_reset() of a half-open socket in SYN_RECV', TCP_STATE.synRecv, ECONNRESET, 0, 'Failed', 'ResetReceived'],
];

describe('how a connection ended', () => {
  describe.each([
    ['without an error', ORDERLY],
    ['with an error', ERRORS],
    ['before it was established', NEVER_ESTABLISHED],
  ])('%s', (_, rows) => {
    it.each(rows)('%s', (_path, lastState, error, flags, state, reason) => {
      expect(endingOf({ lastState, error, flags: flags | TCP_FLAG.ended })).toEqual({ state, reason });
    });
  });

  it('is none while it lives on, whatever the kernel left in the socket', () => {
    expect(endingOf({ lastState: TCP_STATE.closeWait, error: ECONNRESET, flags: UP | PEER_FIN })).toEqual({
      state: 'Active',
      reason: undefined,
    });
  });

  it('always has a reason, and is Failed exactly when it was never established', () => {
    const facts = fc.record({
      lastState: fc.nat({ max: 255 }),
      error: fc.nat({ max: 0xffff }),
      flags: fc.nat({ max: 255 }),
    });
    fc.assert(
      fc.property(facts, (event) => {
        const { state, reason } = endingOf({ ...event, flags: event.flags | TCP_FLAG.ended });
        expect(reason).toMatch(/./);
        expect(state === 'Failed').toBe((event.flags & UP) === 0);
      }),
    );
  });
});
