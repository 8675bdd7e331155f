import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../../src/kube/api-error.ts';
import { KubeClient } from '../../../../src/kube/client.ts';
import { restingAgent } from '../../../../src/operator/uninstall/at-rest.ts';
import { emptyPlan } from '../../../../src/operator/uninstall/empty-plan.ts';
import { ScriptedTransport, type Step } from '../../../support/scripted-transport.ts';

const AGENT = { metadata: { name: 'n1', uid: 'agent-1', finalizers: ['weir.dev/retire'] } };
const { hash } = restingAgent(AGENT).spec.plan;

function written(...finalizers: readonly string[]): Step {
  return { answer: { metadata: { name: 'n1', uid: 'agent-1', resourceVersion: '7', finalizers } } };
}

async function emptied(...steps: readonly Step[]) {
  const server = new ScriptedTransport(...steps);
  const outcome = await emptyPlan(new KubeClient(server, { fieldManager: 'weir-operator' }), AGENT);
  expect(server.left).toBe(0);
  return { outcome, asked: server.asked.map(({ method, contentType, body }) => ({ method, contentType, body })) };
}

describe('a FlowAgent', () => {
  test('is emptied by one apply', async () => {
    const { outcome, asked } = await emptied(written());
    expect(outcome).toEqual({ hash });
    expect(asked).toEqual([
      { method: 'PATCH', contentType: 'application/apply-patch+yaml', body: restingAgent(AGENT) },
    ]);
  });

  test('loses a finalizer that another manager owns by a second write, of this very version', async () => {
    const { outcome, asked } = await emptied(written('a/b', 'weir.dev/retire'), written('a/b'));
    expect(outcome).toEqual({ hash });
    expect(asked[1]?.body).toEqual({ metadata: { uid: 'agent-1', resourceVersion: '7', finalizers: ['a/b'] } });
  });

  test('that somebody changes between the two writes is to be tried again', async () => {
    const conflict = new ApiError(409, 'Conflict', 'changed');
    const { outcome } = await emptied(written('weir.dev/retire'), conflict);
    expect(outcome).toBe('FlowAgent n1 has changed meanwhile');
  });

  test.each([404, 409])('that is gone (%i) is not waited for', async (code) => {
    const { outcome } = await emptied(new ApiError(code, '', 'no such uid'));
    expect(outcome).toEqual({ hash: undefined });
  });

  test('that the server refuses is a failure', async () => {
    await expect(emptied(new ApiError(403, 'Forbidden', 'no right'))).rejects.toThrow('no right');
  });
});
