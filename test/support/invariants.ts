import assert from 'node:assert/strict';
import type { Flow, Side } from '../../src/record/flow.ts';

/** What holds of every record, whatever the connection did. */
export function assertWellFormed(flow: Flow): void {
  const fault = faultOf(flow);
  assert.equal(fault, undefined, `${fault ?? ''}: ${JSON.stringify(flow)}`);
}

function faultOf(flow: Flow): string | undefined {
  const { established, takenOver } = flow.tcp ?? {};
  // Of a connection that was taken over the handshake may be past finding out.
  const hasId = flow.id !== undefined;
  const handshaken = established === 1 || flow.sequence > 0 || (takenOver === true && hasId);
  if (flow.start > flow.end) return 'it ends before it starts';
  if (flow.capture.length === 0) return 'it names no capture';
  if (!countsOf(flow).every((count) => Number.isSafeInteger(count) && count >= 0)) return 'a counter is no counter';
  if (takenOver !== true && handshaken !== hasId) return 'a flow.id without a handshake, or the reverse';
  if (hasId !== (flow.idKey !== undefined)) return 'the number of a key without a flow.id, or the reverse';
  if (flow.id !== undefined && !/^[0-9a-f]{16}$/.test(flow.id)) return 'flow.id is not 16 hex digits';
  return nameFault(flow.source) ?? nameFault(flow.destination);
}

function countsOf({ start, end, source, destination, tcp }: Flow): number[] {
  const volumes = [source, destination].flatMap(({ bytes, packets }) => [bytes, packets]);
  const { rtt, rttVariance, rttMin, handshakeDuration, retransmits } = tcp ?? {};
  const measures = [rtt, rttVariance, rttMin, handshakeDuration, retransmits];
  return [start, end, ...volumes, ...measures.filter((measure) => measure !== undefined)];
}

function nameFault({ identity, attribution, attributionReason }: Side): string | undefined {
  if (identity.kind !== 'Pod' && identity.podName !== undefined) return "a pod's name on what is no pod";
  if (attribution !== 'Unknown' && attribution !== 'Ambiguous') return undefined;
  if (identity.podName !== undefined) return 'a name that is not known';
  return attributionReason === undefined ? 'not known, and no reason' : undefined;
}
