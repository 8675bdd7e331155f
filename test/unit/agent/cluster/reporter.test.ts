import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Reporter, type Written } from '../../../../src/agent/cluster/reporter.ts';
import { ApiError } from '../../../../src/kube/api-error.ts';
import { KubeClient } from '../../../../src/kube/client.ts';
import type { KubeRequest } from '../../../../src/kube/transport.ts';
import { ManualTimers, settle } from '../../../support/manual-timers.ts';

const EVERY_SECONDS = 10;

let timers: ManualTimers;
/** What the API server was sent. */
let asked: KubeRequest[];
/** When it took one, in ms. */
let taken: number[];
/** What the API server says to the requests to come; where nothing is left it takes them. */
let refusals: Error[];
/** Requests get no answer until this is resolved. */
let slow: PromiseWithResolvers<void> | undefined;
let failures: string[];
let lasts: (Written | undefined)[];
/** What there is to report: the hash of a plan, and to whom. */
let now: { uid: string; planHash: string } | undefined;
let reporter: Reporter;

function reset(): void {
  timers = new ManualTimers();
  [asked, taken, refusals, failures, lasts] = [[], [], [], [], []];
  slow = undefined;
  now = { uid: 'uid-1', planHash: 'a' };
  const transport = {
    async request<Answer>(request: KubeRequest): Promise<Answer> {
      asked.push(request);
      await slow?.promise;
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
      taken.push(timers.now);
      return JSON.parse('{"metadata":{"name":"n1","resourceVersion":"7"}}');
    },
    stream: () => {
      throw new Error('a reporter watches nothing');
    },
    close: () => undefined,
  };
  reporter = new Reporter({
    client: new KubeClient(transport, { fieldManager: 'weir-agent' }),
    report: (last) => {
      lasts.push(last);
      if (now === undefined) return undefined;
      return { name: 'n1', uid: now.uid, status: { planHash: now.planHash }, everySeconds: EVERY_SECONDS };
    },
    timers,
    monotonic: () => timers.now,
    random: () => 0.5,
    written: () => undefined,
    failed: (error, retryMillis) => failures.push(`${String(error)} ${retryMillis}`),
  });
}

beforeEach(reset);

async function changeTo(planHash: string, uid = 'uid-1'): Promise<void> {
  now = { uid, planHash };
  reporter.changed();
  await settle();
}

function hashes(): unknown[] {
  return asked.map(({ body }) => {
    const { status }: { status?: { planHash?: unknown } } = JSON.parse(JSON.stringify(body));
    return status?.planHash;
  });
}

describe('a report', () => {
  test('is applied to the status of exactly this FlowAgent', async () => {
    await changeTo('a');
    expect(asked).toEqual([
      {
        method: 'PATCH',
        path: '/apis/weir.dev/v1alpha1/flowagents/n1/status',
        query: { fieldManager: 'weir-agent', force: 'true' },
        body: {
          apiVersion: 'weir.dev/v1alpha1',
          kind: 'FlowAgent',
          metadata: { name: 'n1', uid: 'uid-1' },
          status: { planHash: 'a' },
        },
        contentType: 'application/apply-patch+yaml',
      },
    ]);
  });

  test('is looked at again by the interval of the plan, and written only where something has changed', async () => {
    await changeTo('a');
    await timers.pass(EVERY_SECONDS * 1000);
    await timers.pass(EVERY_SECONDS * 1000);
    expect([hashes(), lasts.length]).toEqual([['a'], 3]);
    now = { uid: 'uid-1', planHash: 'b' };
    await timers.pass(EVERY_SECONDS * 1000 - 1);
    expect(hashes()).toEqual(['a']);
    await timers.pass(1);
    expect(hashes()).toEqual(['a', 'b']);
  });

  test('is not written where nothing has changed, however often that is said', async () => {
    for (let at = 0; at < 7; at += 1) {
      await changeTo('a');
      await timers.pass(3000);
    }
    expect(hashes()).toEqual(['a']);
  });

  test('of a change of state is written at once, and never two within a second', async () => {
    await changeTo('a');
    await timers.pass(5000);
    await changeTo('b');
    expect(hashes()).toEqual(['a', 'b']);
    await changeTo('c');
    await timers.pass(999);
    await changeTo('d');
    expect(hashes()).toEqual(['a', 'b']);
    await timers.pass(1);
    expect(hashes()).toEqual(['a', 'b', 'd']);
  });

  test('of what changes while one is on its way follows a second after that one was taken', async () => {
    slow = Promise.withResolvers();
    await changeTo('a');
    await timers.pass(700);
    await changeTo('b');
    slow.resolve();
    await settle();
    await timers.pass(999);
    expect(hashes()).toEqual(['a']);
    await timers.pass(1);
    expect(hashes()).toEqual(['a', 'b']);
  });

  test('is for nobody while there is no FlowAgent, and nothing is armed for one', async () => {
    now = undefined;
    reporter.changed();
    await settle();
    expect([asked, timers.armed]).toEqual([[], 0]);
  });

  test('is made from what was written last, and to whom', async () => {
    await changeTo('a');
    await timers.pass(1000);
    await changeTo('a', 'uid-2');
    await timers.pass(1000);
    await changeTo('b', 'uid-2');
    expect(lasts).toEqual([
      undefined,
      { uid: 'uid-1', status: { planHash: 'a' } },
      { uid: 'uid-2', status: { planHash: 'a' } },
    ]);
  });

  test('that has not changed is written nevertheless to another FlowAgent of the name', async () => {
    await changeTo('a');
    await timers.pass(1000);
    await changeTo('a', 'uid-2');
    expect(asked.map(({ body }) => body)).toMatchObject([
      { metadata: { uid: 'uid-1' } },
      { metadata: { uid: 'uid-2' } },
    ]);
  });
});

describe('a report that the API server does not take', () => {
  test('is written again, with what has changed meanwhile, and told each time', async () => {
    refusals = [new ApiError(500, '', 'ill'), new ApiError(500, '', 'ill')];
    await changeTo('a');
    await changeTo('b');
    expect(hashes()).toEqual(['a']);
    await timers.pass(200);
    await timers.pass(400);
    expect(hashes()).toEqual(['a', 'b', 'b']);
    expect(failures).toEqual(['ApiError: ill 200', 'ApiError: ill 400']);
    await timers.pass(EVERY_SECONDS * 1000);
    expect(hashes()).toEqual(['a', 'b', 'b']);
  });

  test.each([404, 409])(
    'for %d, as its FlowAgent is gone or another, is no failure: it is tried by its interval',
    async (code) => {
      refusals = [new ApiError(code, '', 'gone')];
      await changeTo('a');
      expect([failures, hashes()]).toEqual([[], ['a']]);
      await changeTo('a');
      await timers.pass(999);
      expect(hashes()).toEqual(['a']);
      await timers.pass(EVERY_SECONDS * 1000);
      expect(hashes()).toEqual(['a', 'a']);
    },
  );
});

describe('the last report', () => {
  test('is written at once, however soon after the one before', async () => {
    await changeTo('a');
    now = { uid: 'uid-1', planHash: 'last' };
    await reporter.stop();
    expect([hashes(), timers.armed]).toEqual([['a', 'last'], 0]);
    await changeTo('later');
    await timers.pass(60_000);
    expect(hashes()).toEqual(['a', 'last']);
  });

  test('waits for the one that is on its way, and is none where that said it all', async () => {
    slow = Promise.withResolvers();
    await changeTo('a');
    const stopped = reporter.stop();
    await settle();
    slow.resolve();
    await stopped;
    expect([hashes(), timers.armed]).toEqual([['a'], 0]);
  });

  test('rejects where it cannot be written, and not where its FlowAgent is gone', async () => {
    refusals = [new ApiError(404, '', 'gone'), new ApiError(500, '', 'ill')];
    await reporter.stop();
    await expect(reporter.stop()).rejects.toThrow('ill');
    expect(timers.armed).toBe(0);
  });
});

test('whatever changes and fails: two reports are never taken within a second, and the last change is written at last', async () => {
  const step = fc.record({ what: fc.constantFrom('change', 'same', 'pass', 'fail', 'gone'), millis: fc.nat(1500) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      reset();
      let planHash = 0;
      for (const { what, millis } of steps) {
        if (what === 'fail') refusals.push(new ApiError(503, '', 'away'));
        else if (what === 'gone') refusals.push(new ApiError(404, '', 'gone'));
        else if (what === 'pass') await timers.pass(millis);
        else await changeTo(what === 'same' ? `${planHash}` : `${++planHash}`);
      }
      for (const [index, at] of taken.slice(1).entries()) expect(at - (taken[index] ?? 0)).toBeGreaterThanOrEqual(1000);
      refusals = [];
      await changeTo('the end');
      await timers.pass(20_000);
      await timers.pass(1000);
      expect(hashes().at(-1)).toBe('the end');
    }),
  );
});
