import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloseReason, Flow, FlowState, Side } from '../../src/record/flow.ts';
import { Capture } from './capture.ts';
import { mayCapture, whySkipped } from './capture-requirements.ts';
import { Scene } from './scene.ts';

/** What one half of a connection is to tell. */
export interface HalfLife {
  readonly ended: readonly [FlowState, CloseReason];
  /** Payload bytes that this side sent, and that it received. */
  readonly sent: number;
  readonly received: number;
  /** A process of the scene by name, one that the case has made, or nobody: it cannot be known. */
  readonly process: string;
  /** Also nobody is right: whether the process itself or a worker of the kernel closes the socket is left to chance. */
  readonly orNobody?: true;
  /**
   * A process that holds the accepted socket before. It is right too: a walk of the agent over open files may come by at any
   * time, and names who holds a socket then. Without walks, as in process-names.test.ts, there is one answer.
   */
  readonly heldBefore?: string;
  /**
   * Default: the executable's file name. A killed process has none any more when its sockets are closed; a walk that came by
   * before has it.
   */
  readonly executable?: 'gone';
  /** Default: known if the connection was established. */
  readonly handshake?: 'known' | 'unknown';
  /**
   * Default: none at all. So each side sends one segment at a time: with several on the way the kernel sends the last one
   * again after some milliseconds of silence (tail loss probe), on a busy machine also where nothing was lost.
   */
  readonly retransmits?: number | 'some';
}

/** A connection from the scene's client to its server, from its first packet to its last. */
export interface LifeCycle {
  readonly name: string;
  /**
   * A timer of the kernel brings about what is told (a retransmission, a time-out, a delayed acknowledgement), rather than
   * the two processes. Such a life may be lived once more: the kernel leaves out a tracing program where it interrupts the
   * same program (counted as missedStateChanges), and some kernels also where a timer interrupts a certain process (seen in
   * 1 of 300 time-outs, counted nowhere, while ftrace showed every one of them).
   */
  readonly byTimer?: true;
  /** Lives it. Resolves with the pids of processes that it has made, by name. */
  readonly live: (scene: Scene, records: Records) => Promise<Readonly<Record<string, number>> | undefined>;
  readonly source: HalfLife;
  /** undefined: the server never saw a connection. */
  readonly destination: HalfLife | undefined;
}

/** The records of one life. */
export interface Records {
  /** All so far, as soon as there are so many. */
  until(count: number): Promise<readonly Flow[]>;
}

/** One test for each life, in one scene and under one capture of both pods. */
export function describeLives(title: string, labName: string, lives: readonly LifeCycle[]): void {
  describe.runIf(mayCapture)(`${title}${whySkipped}`, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await openStage(labName);
    });

    afterAll(() => closeStage(stage));

    it.each(lives.filter(({ byTimer }) => byTimer !== true))('$name', async (life) => {
      const { told, expected } = await liveCaptured(stage, life);
      expect(told).toEqual(expected);
    });

    it.for(lives.filter(({ byTimer }) => byTimer === true))('$name', { retry: 1 }, async (life, { task }) => {
      if ((task.result?.retryCount ?? 0) > 0) {
        await closeStage(stage);
        stage = await openStage(labName);
      }
      const { told, expected } = await liveCaptured(stage, life);
      expect(told).toEqual(expected);
    });
  });
}

interface Stage {
  readonly scene: Scene;
  readonly capture: Capture;
}

async function openStage(labName: string): Promise<Stage> {
  const scene = await Scene.create(labName);
  return { scene, capture: await Capture.start({ pods: [scene.client, scene.server] }) };
}

async function closeStage({ scene, capture }: Stage): Promise<void> {
  await scene[Symbol.asyncDispose]();
  await capture.stop();
}

/** Lives the connection. Resolves with what its records tell, and what they are to tell. */
async function liveCaptured(
  { scene, capture }: Stage,
  { live, source, destination }: LifeCycle,
): Promise<{ told: readonly Told[]; expected: readonly Told[] }> {
  const { dialler, acceptor } = scene;
  const from = capture.flows.length;
  const records = { until: async (count: number) => (await capture.until(from + count)).slice(from) };
  const missedBefore = capture.report().node.joinMissed;
  const before = Date.now();
  const made = await live(scene, records);
  const flows = (await records.until(destination === undefined ? 1 : 2)).toSorted(bySourceFirst);
  const after = Date.now();

  // Nothing else is on its way either: the kernel has observed no more than what has come.
  expect(capture.account('all')).toMatchObject({ observed: from + flows.length, exported: from + flows.length });
  const { openConnections, joinMissed } = capture.report().node;
  expect(openConnections).toBe(0);
  expectNames(flows, scene, joinMissed - missedBefore);
  expect(new Set(flows.map(({ id }) => id)).size, 'flow.id of both halves').toBe(1);
  for (const { start, end } of flows) {
    expect(start / 1000).toBeGreaterThan(before - 1);
    expect(end / 1000).toBeLessThan(after + 1);
  }
  const fixed = { nobody: undefined, dialler: dialler.pid, acceptor: acceptor.pid };
  const processes = new Map<string, number | undefined>(Object.entries({ ...fixed, ...made }));
  const expected = [expectedHalf('source', source, processes, dialler.executable)];
  if (destination !== undefined) {
    expected.push(expectedHalf('destination', destination, processes, acceptor.executable));
  }
  const halves = [source, destination];
  const walked = flows.map((flow, index) => walkedBy(flow, halves[index], processes, acceptor.executable));
  return {
    told: flows.map((flow, index) => toldHalf(flow, expected[index], walked[index], halves[index]?.orNobody)),
    expected,
  };
}

function bySourceFirst(a: Flow, b: Flow): number {
  return b.observer.localeCompare(a.observer);
}

type Told = ReturnType<typeof expectedHalf>;

function expectedHalf(
  observer: Flow['observer'],
  half: HalfLife,
  processes: ReadonlyMap<string, number | undefined>,
  executable: string,
) {
  const established = half.ended[0] !== 'Failed';
  if (!processes.has(half.process)) throw new Error(`the case has made no process ${half.process}`);
  const pid = processes.get(half.process);
  return {
    observer,
    state: half.ended[0],
    closeReason: half.ended[1],
    established: established ? 1 : 0,
    closed: 1,
    sent: half.sent,
    received: half.received,
    process:
      pid === undefined ? undefined : { pid, executableName: half.executable === 'gone' ? undefined : executable },
    handshake: half.handshake ?? (established ? 'known' : 'unknown'),
    retransmits: half.retransmits ?? 0,
  };
}

/** Whether the process is what a walk over open files sees, before the end tells of another, of none, or without a name. */
function walkedBy(
  { process, observer }: Flow,
  half: HalfLife | undefined,
  processes: ReadonlyMap<string, number | undefined>,
  executable: string,
): boolean {
  if (process === undefined || half === undefined || observer === 'source') return false;
  const seen = [half.heldBefore, half.executable === 'gone' ? half.process : undefined];
  const pids = half.process === 'nobody' ? [...processes.values()] : seen.map((name) => processes.get(name ?? ''));
  return pids.includes(process.pid) && process.executableName === executable;
}

function toldHalf(
  flow: Flow,
  expected: Told | undefined,
  isSeenByWalk: boolean = false,
  orNobody: boolean = false,
): Told {
  const [own, far] = flow.observer === 'source' ? [flow.source, flow.destination] : [flow.destination, flow.source];
  const { tcp } = flow;
  if (tcp?.closeReason === undefined) throw new Error('a record without its end');
  const { closeReason, established, closed, handshakeDuration, retransmits } = tcp;
  return {
    observer: flow.observer,
    state: flow.state,
    closeReason,
    established,
    closed,
    sent: own.bytes,
    received: far.bytes,
    process: isSeenByWalk ? expected?.process : (flow.process ?? (orNobody ? expected?.process : undefined)),
    handshake: handshakeDuration === undefined ? 'unknown' : 'known',
    retransmits: expected?.retransmits === 'some' && retransmits > 0 ? 'some' : retransmits,
  };
}

/**
 * Both ends as the pods that they are: by the kernel where the two halves met, else by the listed address. That the halves
 * of an established connection did not meet is counted, or else it is a fault.
 */
function expectNames(flows: readonly Flow[], { client, server }: Scene, joinMissed: number): void {
  for (const flow of flows) {
    expect([flow.source.address, flow.destination.address]).toEqual([client.ipv4, server.ipv4]);
    expect([nameOf(flow.source), nameOf(flow.destination)]).toEqual(['lab/client', 'lab/server']);
    const [own, far] = flow.observer === 'source' ? [flow.source, flow.destination] : [flow.destination, flow.source];
    expect([own.attribution, far.attribution]).toEqual(['Exact', flow.scope === 'Node' ? 'Exact' : 'Timeline']);
  }
  const apart = flows.filter(({ id, scope }) => id !== undefined && scope !== 'Node');
  expect(apart.length, 'halves that did not meet').toBe(joinMissed);
  const ports = flows.map(({ source, destination }) => `${source.port} ${destination.port}`);
  expect(new Set(ports).size, 'ports of both halves').toBe(1);
}

/** `namespace/pod`, as a side of a record names it. */
function nameOf({ identity }: Side): string {
  return `${identity.namespace ?? ''}/${identity.podName ?? ''}`;
}
