import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ApiError, TransportError } from '../../../src/kube/api-error.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import { Reflector, type ReflectorEvent } from '../../../src/kube/reflector.ts';
import { Store } from '../../../src/kube/store.ts';
import { ManualTimers, settle } from '../../support/manual-timers.ts';
import { type Said, ScriptedTransport, type Step } from '../../support/scripted-transport.ts';

/** What a real API server does once in a year, and what depends on the time to the millisecond. */

const RESOURCE = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };

const event = (type: string, name: string, version: number, uid = `uid-${name}`) => ({
  type,
  object: { metadata: { name, uid, resourceVersion: String(version) } },
});
const listEnd = (version: number) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } } },
});
const errorEvent = (code: number) => ({ type: 'ERROR', object: { kind: 'Status', code, message: `status ${code}` } });
const says = (ending: Said['ending'], ...lines: readonly object[]): Said => ({ lines, ending });
const page = (next: string, ...names: readonly string[]) => ({
  answer: {
    items: names.map((name) => event('', name, 5).object),
    metadata: { resourceVersion: '8', continue: next },
  },
});
const refusal = (code: number, retryAfterMillis?: number) => new ApiError(code, '', `status ${code}`, retryAfterMillis);

let timers: ManualTimers;
let transport: ScriptedTransport;
let store: Store<string>;
let events: ReflectorEvent[];
/** `type key` of each delta. */
let deltas: string[];
let onEvent: (event: ReflectorEvent) => void;
let reflector: Reflector<string>;

async function start(...steps: readonly Step[]): Promise<void> {
  transport = new ScriptedTransport(...steps);
  reflector = new Reflector({
    client: new KubeClient(transport, { fieldManager: 'none' }),
    resource: RESOURCE,
    store,
    reduce: ({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`,
    onDelta: ({ type, key }) => deltas.push(`${type} ${key}`),
    timers,
    clock: () => timers.now,
    random: () => 0.5,
    log: (what) => {
      events.push(what);
      onEvent(what);
    },
  });
  reflector.start();
  await settle();
}

/** `list`, `page` or `watch VERSION`, of each request so far. */
function asked(): string[] {
  return transport.asked.map(({ query = {} }) => {
    if (query['watch'] === undefined) return `page ${query['continue'] ?? ''}`.trimEnd();
    return query['resourceVersion'] === undefined ? 'list' : `watch ${query['resourceVersion']}`;
  });
}

const happened = () => events.map(({ what }) => what);
const pauses = () => events.flatMap(({ retryMillis }) => retryMillis ?? []);

beforeEach(() => {
  reset();
});

function reset(): void {
  [timers, store, events, deltas] = [new ManualTimers(), new Store(), [], []];
  onEvent = () => undefined;
}

/** A possible history of two objects from version 8 on, one event a step. */
function historyOf(steps: readonly { readonly name: string; readonly isGone: boolean }[]) {
  const versions = new Map<string, number>();
  const uids = new Map<string, string>();
  const history = steps.map(({ name, isGone }, at) => {
    const [version, uid] = [at + 8, uids.get(name) ?? `uid-${at}`];
    const type = !versions.has(name) ? 'ADDED' : isGone ? 'DELETED' : 'MODIFIED';
    if (type === 'DELETED') [versions, uids].forEach((map) => map.delete(name));
    else {
      versions.set(name, version);
      uids.set(name, uid);
    }
    return event(type, name, version, uid);
  });
  return { history, versions };
}

describe('a reflector', () => {
  test('goes on after each event, a bookmark and a delete too', async () => {
    await start(
      says('reset', event('ADDED', 'a', 3), event('ADDED', 'b', 5), listEnd(7)),
      says('reset', event('MODIFIED', 'a', 9)),
      says('reset', { type: 'BOOKMARK', object: { metadata: { resourceVersion: '12' } } }),
      says('reset', event('DELETED', 'b', 14)),
      says('stay'),
    );
    for (let pause = 0; pause < 4; pause += 1) await timers.pass(10_000);
    expect(asked()).toEqual(['list', 'watch 7', 'watch 9', 'watch 12', 'watch 14']);
    expect([...store.values()]).toEqual(['a@9']);
    await reflector.stop();
  });

  test('an event that comes again, however late, changes nothing', async () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b'),
      isGone: fc.boolean(),
      again: fc.array(fc.nat(), { maxLength: 2 }),
      isCut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        reset();
        const { history, versions } = historyOf(steps);
        const watches: Said[] = [];
        let lines: object[] = [listEnd(7)];
        for (const [at, { again, isCut }] of steps.entries()) {
          lines.push(...[at, ...again.map((which) => which % (at + 1))].flatMap((which) => history[which] ?? []));
          if (!isCut) continue;
          watches.push(says('reset', ...lines));
          lines = [];
        }
        await start(...watches, says('stay', ...lines));
        for (const _ of watches) await timers.pass(20_000);
        expect(asked().slice(1)).toEqual(steps.flatMap(({ isCut }, at) => (isCut ? [`watch ${at + 8}`] : [])));
        expect(deltas).toEqual(
          history.map(({ type, object }) => `${type[0]}${type.slice(1).toLowerCase()} ${object.metadata.name}`),
        );
        expect(new Set(store.values())).toEqual(new Set([...versions].map(([name, version]) => `${name}@${version}`)));
        await reflector.stop();
      }),
    );
  });

  test.each([
    ['an ERROR event 410', says('end', errorEvent(410))],
    ['an ERROR event 500', says('end', errorEvent(500))],
    ['a refusal with 410', refusal(410)],
    ['a refusal with 400', refusal(400)],
    ['a refusal with 404', refusal(404)],
  ])('lists anew after %s, as a stream as before', async (_, step) => {
    await start(
      says('reset', event('ADDED', 'a', 3), event('ADDED', 'b', 5), listEnd(7)),
      step,
      says('stay', event('ADDED', 'b', 5), listEnd(20)),
    );
    await timers.pass(1000);
    await timers.pass(1000);
    expect(asked()).toEqual(['list', 'watch 7', 'list']);
    expect(happened()).toEqual(['synced', 'failed', 'relisting', 'failed', 'synced']);
    expect([...store.values()]).toEqual(['b@5']);
    await reflector.stop();
  });

  test.each([
    ['500', refusal(500)],
    ['429', refusal(429)],
    ['401', refusal(401)],
    ['403', refusal(403)],
    ['a reset', new TransportError('reset')],
  ])('goes on from the same version after %s', async (_, step) => {
    await start(says('reset', event('ADDED', 'a', 3), listEnd(7)), step, says('stay'));
    await timers.pass(1000);
    await timers.pass(1000);
    expect(asked()).toEqual(['list', 'watch 7', 'watch 7']);
    expect(happened()).toEqual(['synced', 'failed', 'failed']);
    await reflector.stop();
  });

  test('asks ever more seldom for lists that are cut off, and fails until one is complete', async () => {
    const cut = says('reset', event('ADDED', 'a', 3));
    await start(cut, cut, cut, says('end'), says('stay', event('ADDED', 'a', 3), listEnd(7)));
    for (const pause of [200, 400, 800, 1600]) {
      expect(pauses().at(-1)).toBe(pause);
      expect(reflector.failing).toBe(true);
      await timers.pass(pause);
    }
    expect(events.at(-2)?.failure).toContain('ended before everything was listed');
    expect(events.at(-1)?.what).toBe('synced');
    expect(reflector.failing).toBe(false);
    expect(pauses()).toHaveLength(4);
    await reflector.stop();
  });

  test('is not well while it lists: what the store has is as old as before', async () => {
    await start(new TransportError('reset'), says('stay', event('ADDED', 'a', 3)));
    await timers.pass(200);
    expect([store.size, reflector.failing]).toEqual([1, true]);
    await reflector.stop();
  });

  test('forgets what is deleted while it lists', async () => {
    await start(says('stay', event('ADDED', 'a', 3), event('ADDED', 'b', 5), event('DELETED', 'a', 6), listEnd(7)));
    expect([...store.values()]).toEqual(['b@5']);
    await reflector.stop();
    // An end that was asked for is no failure.
    expect(happened()).toEqual(['synced']);
  });

  test('is well again as soon as the server has accepted a watch that goes on', async () => {
    await start(says('reset', listEnd(7)), says('stay'));
    expect(reflector.failing).toBe(true);
    await timers.pass(200);
    expect(reflector.failing).toBe(false);
    await timers.pass(5000);
    expect(reflector.ageMillis()).toBe(5000);
    await reflector.stop();
  });

  test('waits as long as the server asks for', async () => {
    await start(refusal(429, 7000), says('stay', listEnd(7)));
    await timers.pass(6999);
    expect(asked()).toEqual(['list']);
    await timers.pass(1);
    expect(asked()).toEqual(['list', 'list']);
    await reflector.stop();
  });

  test('waits a little before the next watch where they end at once', async () => {
    const end = says('end', event('MODIFIED', 'a', 9));
    await start(says('end', event('ADDED', 'a', 3), listEnd(7)), end, says('stay'));
    expect(asked()).toEqual(['list']);
    await timers.pass(200);
    expect(asked()).toEqual(['list', 'watch 7']);
    await timers.pass(200);
    expect(asked()).toEqual(['list', 'watch 7', 'watch 9']);
    expect(happened()).toEqual(['synced', 'ended', 'ended']);
    await reflector.stop();
  });

  test('gives a watch up that the server should have ended ten seconds ago', async () => {
    await start(says('stay', listEnd(7)), says('stay'));
    expect(transport.asked[0]?.query?.['timeoutSeconds']).toBe('270');
    await timers.pass(279_999);
    expect(asked()).toEqual(['list']);
    await timers.pass(1);
    expect(events.at(-1)?.failure).toContain('did not end the watch in its time');
    await timers.pass(200);
    expect(asked()).toEqual(['list', 'watch 7']);
    await reflector.stop();
    expect(timers.armed).toBe(0);
  });

  test('lists in pages where streams are refused, from the first page where one has expired', async () => {
    await start(
      refusal(422),
      page('two', 'a', 'gone'),
      refusal(410),
      page('two', 'a'),
      page('three', 'b'),
      page('', 'c'),
      says('stay'),
    );
    expect(store.size).toBe(2);
    await timers.pass(1000);
    expect(asked()).toEqual(['list', 'page', 'page two', 'page', 'page two', 'page three', 'watch 8']);
    expect(happened()).toEqual(['paging', 'failed', 'synced']);
    expect([...store.values()]).toEqual(['a@5', 'b@5', 'c@5']);
    await reflector.stop();
  });

  test('stops while it waits, when it is told of a failure, and before it has begun', async () => {
    await start(new TransportError('reset'));
    expect(timers.armed).toBe(1);
    await reflector.stop();
    expect(timers.armed).toBe(0);

    const stops: Promise<void>[] = [];
    onEvent = () => stops.push(reflector.stop());
    await start(new TransportError('reset'));
    await Promise.all(stops);
    expect([stops.length, timers.armed, asked()]).toEqual([1, 0, ['list']]);

    transport = new ScriptedTransport();
    await reflector.stop();
    reflector.start();
    await reflector.stop();
    expect(asked()).toEqual([]);
  });
});
