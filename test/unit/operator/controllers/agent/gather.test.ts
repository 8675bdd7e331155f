import { beforeEach, describe, expect, test } from 'vitest';
import { gatherAgent } from '../../../../../src/operator/controllers/agent/gather.ts';
import { newState, type State } from '../../../../../src/operator/state/state.ts';
import { capture, NOW, node, OPERATOR_NAMESPACE, pod } from '../../builders.ts';

let state: State;
const created = '2026-11-25T11:59:00Z';

beforeEach(() => {
  state = newState(OPERATOR_NAMESPACE);
  state.namespaces.set('shop', { name: 'shop', labels: {}, uid: 'shop', resourceVersion: '1', terminating: false });
  state.nodes.set('n1', node('n1'));
  const checkout = pod('shop/checkout', 'n1');
  state.pods.set(checkout.key, checkout);
  state.presence.move(undefined, checkout);
  const seconds = { always: undefined, minutes: 120, hours: 7200 };
  for (const [name, durationSeconds] of Object.entries(seconds)) {
    const item = capture(`shop/${name}`, durationSeconds === undefined ? {} : { durationSeconds }, { created });
    state.captures.set(item.key, item);
  }
});

/** Names of the captures, and s until the next of them ends. */
function at(now: number): readonly [string[], number | undefined] {
  const { captures, nextEnd } = gatherAgent(state, 'n1', undefined, now);
  const names = captures.map(({ object }) => object.metadata.name ?? '').toSorted((a, b) => a.localeCompare(b));
  return [names, nextEnd === undefined ? undefined : (nextEnd - now) / 1000];
}

describe('the captures of a node', () => {
  test('leave it at the instant of their end, and the next end is known until there is none', () => {
    expect(at(NOW)).toEqual([['always', 'hours', 'minutes'], 60]);
    expect(at(NOW + 59_999)).toEqual([['always', 'hours', 'minutes'], 0.001]);
    expect(at(NOW + 60_000)).toEqual([['always', 'hours'], 7080]);
    expect(at(NOW + 7_200_000)).toEqual([['always'], undefined]);
  });
});
