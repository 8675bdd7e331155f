import { beforeEach, describe, expect, it } from 'vitest';
import { type Parts, RunningAgent } from '../../../src/agent/lifecycle.ts';
import type { TcpCapture } from '../../../src/agent/tcp-capture.ts';
import { Ledger } from '../../../src/export/ledger.ts';
import { RouteTable } from '../../../src/export/routes.ts';
import { Slots } from '../../../src/plan/slots.ts';
import { allSent } from '../export/counts.ts';
import { capture, compile } from '../plan/builders.ts';

const NODE = {
  joined: 0,
  joinMissed: 0,
  joinAmbiguous: 0,
  unselected: 0,
  postponed: 0,
  takenOver: 0,
  lostUnknown: 0,
  missedStateChanges: 0,
  openConnections: 0,
};
const INTAKE = { malformed: 1, notSelected: 2, ownerUnknown: 4, foreign: 8 };
const ALL = compile([capture('shop/all', { podSelector: {} })]).plan;
const NOTHING = compile([]).plan;

let steps: string[];
let loaded: boolean;

function step(what: string): () => void {
  return () => void steps.push(what);
}

function tcp(): TcpCapture {
  return {
    reportWalk: 'storage',
    sets: new Set([1]),
    omitted: 6,
    peersOmitted: 8,
    readNow: step('read'),
    reportTo: async (captures) => void steps.push(`report to ${[...captures].join()}`),
    podsChanged: step('pods'),
    relieve: () => undefined,
    selectNow: step('select'),
    end: async (program) => void steps.push(`empty the ring, ${program}`),
    close() {
      loaded = false;
      steps.push('release');
    },
  };
}

/** As the kernel's counters can be read: only while the program is loaded. */
function counted<T>(value: T): T {
  if (!loaded) throw new Error('EBADF');
  return value;
}

function unreadable(): never {
  throw new Error('the counts cannot be read');
}

/** Parts that write down what is done with them; the kernel has counted 3 records of the capture. */
function parts(change: Partial<Parts> = {}): Parts {
  const table = new RouteTable([]);
  const ledger = new Ledger(table);
  return {
    startTcp() {
      steps.push('load');
      loaded = true;
      return tcp();
    },
    tree: { omitted: 5 },
    slots: new Slots(),
    continuity: undefined,
    sets: { adopt: step('sets'), overflows: 7 },
    table,
    ledger,
    exports: {
      adopt: step('exports'),
      forget: step('forget'),
      accounts: () => [],
      drain: async () => void steps.push('empty the queues'),
    },
    counts: {
      byCapture: () => counted(new Map([[0, allSent(3)]])),
      node: () => counted(NODE),
      forget: step('forget'),
    },
    wanted: { adopt: step('wanted') },
    intake: { counts: INTAKE, provisional: new Map(), forget: step('forget') },
    awaited: {
      pods: ['known', 'unknown'],
      release: (uid) => void steps.push(`release ${uid}`),
      releaseAll: step('release all'),
    },
    guarded: { faulty: 3 },
    pods: { hasPod: (uid) => uid === 'known' },
    crowdedOut: () => new Set([9]),
    ...change,
  };
}

beforeEach(() => {
  [steps, loaded] = [[], false];
});

describe('an agent and its plans', () => {
  it('loads with the first capture, only selects with the next, and unloads with the last', async () => {
    const agent = new RunningAgent(parts());
    await agent.adopt(NOTHING);
    expect(steps.splice(0)).toEqual(['sets', 'wanted', 'exports']);
    expect(agent.heldSets).toEqual(new Set());
    await agent.adopt(ALL);
    expect(steps.splice(0)).toEqual(['sets', 'wanted', 'exports', 'load']);
    expect(agent.heldSets).toEqual(new Set([1]));
    await agent.adopt(ALL);
    expect(steps.splice(0)).toEqual(['read', 'sets', 'wanted', 'exports', 'select']);
    await agent.adopt(NOTHING);
    expect(steps).toEqual(['report to 0', 'read', 'sets', 'wanted', 'exports', 'empty the ring, removed', 'release']);
  });

  it('tells those that the next plan does not have what is known until then, and only those', async () => {
    const agent = new RunningAgent(parts());
    const [ends, stays] = [capture('shop/ends', {}), capture('shop/stays', {})];
    await agent.adopt(compile([ends, stays]).plan);
    steps.length = 0;
    await agent.adopt(compile([stays]).plan);
    expect(steps.splice(0)).toEqual(['report to 0', 'read', 'sets', 'wanted', 'exports', 'select']);
    await agent.adopt(compile([capture('shop/stays', { podSelector: {} })]).plan);
    expect(steps).toEqual(['read', 'sets', 'wanted', 'exports', 'select']);
  });

  it('adopts all else where the program cannot be loaded, and tries again with the next plan', async () => {
    let tries = 0;
    const startTcp = () => {
      tries += 1;
      if (tries === 1) throw new Error('no BTF');
      return tcp();
    };
    const agent = new RunningAgent(parts({ startTcp }));
    await expect(agent.adopt(ALL)).rejects.toThrow('no BTF');
    expect(steps).toEqual(['sets', 'wanted', 'exports']);
    await agent.adopt(ALL);
    expect(tries).toBe(2);
  });

  it('lets the records of pods go on that are listed now, and selects anew', async () => {
    const agent = new RunningAgent(parts());
    await agent.adopt(ALL);
    steps.length = 0;
    agent.podsChanged();
    expect(steps).toEqual(['release known', 'pods']);
  });
});

function continuity(hasRecovered: boolean) {
  return {
    begin: step('begin'),
    hasRecovered,
    totals: undefined,
    save: step('save'),
    end: step('let go'),
  };
}

describe('an agent whose capture outlives it', () => {
  it('keeps it when it is stopped, and lets another go on', async () => {
    const agent = new RunningAgent(parts({ continuity: continuity(false) }));
    await agent.adopt(ALL);
    expect(steps.splice(0)).toEqual(['begin', 'sets', 'wanted', 'exports', 'save', 'load']);
    await agent.stop();
    expect(steps).toEqual(['empty the ring, kept', 'release all', 'empty the queues', 'release', 'let go']);
  });

  it('removes it where the plan asks for nothing any more, and has nothing to keep when it is stopped', async () => {
    const agent = new RunningAgent(parts({ continuity: continuity(false) }));
    await agent.adopt(ALL);
    steps.length = 0;
    await agent.adopt(NOTHING);
    expect(steps.splice(-2)).toEqual(['empty the ring, removed', 'release']);
    steps.length = 0;
    loaded = true;
    await agent.stop();
    expect(steps).toEqual(['release all', 'empty the queues', 'let go']);
  });

  it('reads to the end what another has left, also where its own plan asks for nothing', async () => {
    const agent = new RunningAgent(parts({ continuity: continuity(true) }));
    await agent.adopt(NOTHING);
    const removed = ['load', 'empty the ring, removed', 'release'];
    expect(steps.splice(0)).toEqual(['begin', 'sets', 'wanted', 'exports', 'save', ...removed]);
    await agent.adopt(NOTHING);
    expect(steps).toEqual(['begin', 'sets', 'wanted', 'exports', 'save']);
  });

  it('adopts nothing while another agent runs', async () => {
    let isAlone = false;
    const begin = () => {
      if (!isAlone) throw new Error('another agent of this node still runs');
      steps.push('begin');
    };
    const agent = new RunningAgent(parts({ continuity: { ...continuity(true), begin } }));
    await expect(agent.adopt(ALL)).rejects.toThrow('another agent');
    expect(steps).toEqual([]);
    isAlone = true;
    await agent.adopt(ALL);
    expect(steps).toEqual(['begin', 'sets', 'wanted', 'exports', 'save', 'load']);
  });
});

describe('an agent that is stopped', () => {
  it('takes no new records, empties ring and queues, counts, and releases everything, once', async () => {
    const agent = new RunningAgent(parts());
    await agent.adopt(ALL);
    steps.length = 0;
    const [first, second] = await Promise.all([agent.stop(), agent.stop()]);
    expect(first).toBe(second);
    const bounds = { cgroupsOmitted: 5, selectionOmitted: 6, peersOmitted: 8, setOverflows: 7 };
    expect(first.node).toEqual({ ...NODE, ...bounds, ...INTAKE, faulty: 3 });
    expect(first.crowdedOut).toEqual([9]);
    expect(first.accounts).toMatchObject([{ capture: 'shop/all', observed: 3, unaccounted: 3 }]);
    expect(steps).toEqual(['empty the ring, removed', 'release all', 'empty the queues', 'release']);
  });

  it('reports its last counts from then on, and adopts nothing more', async () => {
    const agent = new RunningAgent(parts());
    await agent.adopt(ALL);
    const before = agent.report();
    const last = await agent.stop();
    expect(last).toEqual(before);
    expect(agent.report()).toBe(last);
    steps.length = 0;
    await agent.adopt(ALL);
    expect(steps).toEqual([]);
  });

  it('releases everything also when its counts cannot be read', async () => {
    const agent = new RunningAgent(
      parts({ counts: { byCapture: () => new Map(), node: unreadable, forget: unreadable } }),
    );
    await agent.adopt(ALL);
    await expect(agent.stop()).rejects.toThrow('the counts cannot be read');
    expect(steps.at(-1)).toBe('release');
  });
});
