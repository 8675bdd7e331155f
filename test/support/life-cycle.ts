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
  /** Default: the executable's file name. A killed process has only the name that it was started under. */
  readonly executable?: string;
  /** Default: known if the connection was established. */
  readonly handshake?: 'known' | 'unknown';
  /** Default: none at all. */
  readonly retransmits?: number | 'some';
}

/** A connection from the scene's client to its server, from its first packet to its last. */
export interface LifeCycle {
  readonly name: string;
  /** Lives it. Resolves with the pids of processes that it has made, by name. */
  readonly live: (scene: Scene, capture: Capture) => Promise<Readonly<Record<string, number>> | undefined>;
  readonly source: HalfLife;
  /** undefined: the server never saw a connection. */
  readonly destination: HalfLife | undefined;
}

/** One test for each life, in a scene of their own. */
export function describeLives(title: string, labName: string, lives: readonly LifeCycle[]): void {
  describe.runIf(mayCapture)(`${title}${whySkipped}`, () => {
    let scene: Scene;

    beforeAll(async () => {
      scene = await Scene.create(labName);
    });

    afterAll(async () => {
      await scene[Symbol.asyncDispose]();
    });

    it.each(lives)('$name', async (life) => {
      const { told, expected } = await liveCaptured(scene, life);
      expect(told).toEqual(expected);
    });
  });
}

/** Lives the connection under a capture of both pods. Resolves with what its records tell, and what they are to tell. */
async function liveCaptured(
  scene: Scene,
  { live, source, destination }: LifeCycle,
): Promise<{ told: readonly Told[]; expected: readonly Told[] }> {
  const { client, server, dialler, acceptor } = scene;
  await using capture = Capture.start({ pods: [client, server] });
  const before = Date.now();
  const made = await live(scene, capture);
  await capture.until(destination === undefined ? 1 : 2);
  await capture.stop();
  const after = Date.now();

  const flows = capture.flows.toSorted((a, b) => b.observer.localeCompare(a.observer));
  expectNames(flows, scene);
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
  return { told: flows.map((flow, index) => toldHalf(flow, expected[index])), expected };
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
    process: pid === undefined ? undefined : { pid, executableName: half.executable ?? executable },
    handshake: half.handshake ?? (established ? 'known' : 'unknown'),
    retransmits: half.retransmits ?? 0,
  };
}

function toldHalf(flow: Flow, expected: Told | undefined): Told {
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
    process: flow.process,
    handshake: handshakeDuration === undefined ? 'unknown' : 'known',
    retransmits: expected?.retransmits === 'some' && retransmits > 0 ? 'some' : retransmits,
  };
}

/** Both ends as the pods that they are: by the kernel where the handshake was completed, else by the listed address. */
function expectNames(flows: readonly Flow[], { client, server }: Scene): void {
  for (const flow of flows) {
    expect([flow.source.address, flow.destination.address]).toEqual([client.ipv4, server.ipv4]);
    expect([nameOf(flow.source), nameOf(flow.destination)]).toEqual(['lab/client', 'lab/server']);
    const [own, far] = flow.observer === 'source' ? [flow.source, flow.destination] : [flow.destination, flow.source];
    const joined = flows.length === 2 && flow.id !== undefined;
    expect([own.attribution, far.attribution]).toEqual(['Exact', joined ? 'Exact' : 'Timeline']);
    expect(flow.scope).toBe(joined ? 'Node' : undefined);
  }
  const ports = flows.map(({ source, destination }) => `${source.port} ${destination.port}`);
  expect(new Set(ports).size, 'ports of both halves').toBe(1);
}

function nameOf({ identity }: Side): string {
  return `${identity.namespace ?? ''}/${identity.podName ?? ''}`;
}
