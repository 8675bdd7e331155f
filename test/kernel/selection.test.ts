import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOf, Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { exchange, expectExact, halvesOf } from '../support/exchange.ts';
import type { NetNs } from '../support/lab/netns.ts';
import type { Pod } from '../support/lab/pod.ts';
import type { Endpoint } from '../support/lab/rules.ts';
import { listed, listedBefore } from '../support/pod-inventory.ts';
import { Scene } from '../support/scene.ts';

const HASTY_BYTES = 53;
/** Sends a few bytes and resets, so that the socket is gone with the process. */
const HASTY = `
import socket, struct, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
connection.sendall(b"x" * ${HASTY_BYTES})
connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
connection.close()
`;

interface Place {
  /** Absolute path of the cgroup; made anew where it is there already, and where it is not. */
  readonly cgroup: string;
  readonly netns: NetNs;
  /** The cgroup is gone again before the agent moves on. */
  readonly removed?: boolean;
}

/** A connection from its first packet to its last while this process, and so the agent in it, stands still. */
function connectHastily({ directory, netns }: Pod, to: Endpoint): void {
  runStill('echo 0 >"$0/cgroup.procs" && exec "$@"', directory, netns, to);
}

/** The same out of a cgroup that the agent has not seen. */
function connectFromNewCgroup({ cgroup, netns, removed = false }: Place, to: Endpoint): void {
  const enter = '(echo 0 >"$0/cgroup.procs" && exec "$@")';
  const make = 'if [ -d "$0" ]; then rmdir "$0"; fi && mkdir -p "$0"';
  runStill(`${make} && ${enter}${removed ? ' && rmdir "$0"' : ''}`, cgroup, netns, to);
}

function runStill(script: string, cgroup: string, netns: NetNs, { address, port }: Endpoint): void {
  const enter = ['nsenter', `--net=/proc/${netns.pid}/ns/net`, '--'];
  const argv = ['-c', script, cgroup, ...enter, 'python3', '-IS', '-c', HASTY, address, String(port)];
  const { status, stderr } = spawnSync('sh', argv, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

describe.runIf(mayCapture)(`selection by pod${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('selection');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it("takes a process several cgroups below the pod's own for the pod's", async () => {
    const { client, server } = scene;
    const [dialler, by] = await Promise.all([
      client.peer({ cgroup: 'init.scope/user/session/worker' }),
      server.peer({ cgroup: 'a/b/c/d/e/f/g' }),
    ]);
    await using capture = await Capture.start({ pods: [client, server] });
    const listener = await by.listen(server.ipv4);
    const near = await dialler.connect(listener);
    const told = await exchange({ near, far: await listener.accept() }, 1009, 10_007);
    await capture.until(2);
    const halves = halvesOf(capture.flows, told.clientPort);
    expectExact(halves, told);
    const named = {
      source: { identity: { podName: 'client' }, attribution: 'Exact' },
      destination: { identity: { podName: 'server' }, attribution: 'Exact' },
    };
    expect(halves).toMatchObject([
      { ...named, containerId: client.containerId, process: { pid: dialler.pid } },
      { ...named, containerId: server.containerId, process: { pid: by.pid } },
    ]);
  });

  it('gives no record of a pod that no capture selects, and still names it as the far side', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({ pods: [client, server], captures: { servers: { app: 'server' } } });
    const tolds = [];
    for (let opened = 0; opened < 5; opened++) tolds.push(await exchange(await scene.connection(), 31, 1009));
    await capture.until(tolds.length);
    const { accounts, node } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: tolds.length, exported: tolds.length }]);
    // The other half leaves its identity for the join, and no more.
    expect(node).toMatchObject({ joined: tolds.length, notSelected: 0, unselected: 0, openConnections: 0 });
    for (const flow of capture.flows) {
      expect(flow).toMatchObject({
        observer: 'destination',
        capture: ['lab/servers'],
        source: { identity: { podName: 'client' }, attribution: 'Exact', bytes: 31 },
        destination: { identity: { podName: 'server' }, attribution: 'Exact', bytes: 1009 },
      });
    }
  });

  it('gives no record of a listener that closes, older than the capture or not', async () => {
    const older = await scene.acceptor.listen(scene.server.ipv4);
    await using capture = await Capture.start({ pods: [scene.client, scene.server] });
    await Promise.all([older.close(), (await scene.acceptor.listen(scene.server.ipv4)).close()]);
    const told = await exchange(await scene.connection(), 7, 7);
    await capture.until(2);
    const { accounts } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: 2, exported: 2 }]);
    expectExact(halvesOf(capture.flows, told.clientPort), told);
  });

  it("does not miss the first connection of a pod whose cgroup is newer than the agent's last look", async () => {
    const { lab, router, client, server, acceptor } = scene;
    const netns = await lab.netns('late');
    await router.attach(netns, 1);
    const { ipv4, ipv6 } = netns.attachment;
    await using capture = await Capture.start({
      pods: [client, server, listedBefore(lab, 'late', [ipv4, ipv6])],
      captures: { late: { app: 'late' }, servers: { app: 'server' } },
    });
    const listener = await acceptor.listen(server.ipv4);

    const late = await lab.pod('late', { netns });
    connectHastily(late, listener);
    const flows = await capture.until(2);
    expect(flows.find(({ observer }) => observer === 'source')).toMatchObject({
      capture: ['lab/late'],
      state: 'Reset',
      containerId: late.containerId,
      source: {
        address: ipv4,
        bytes: HASTY_BYTES,
        identity: { podName: 'late', podUid: late.uid },
        attribution: 'Exact',
      },
      destination: { identity: { podName: 'server' }, attribution: 'Exact' },
    });
    await (await listener.accept()).close();

    // By now the agent knows the cgroup, and the kernel selects by itself.
    const peer = await late.peer();
    const near = await peer.connect(listener);
    const told = await exchange({ near, far: await listener.accept() }, 101, 103);
    await capture.until(4);
    expectExact(halvesOf(capture.flows, told.clientPort), told);
    const report = await capture.stop();
    expect(accountOf(report, 'late')).toMatchObject({ observed: 2, exported: 2 });
    expect(accountOf(report, 'servers')).toMatchObject({ observed: 2, exported: 2 });
    expect(report.node).toMatchObject({ notSelected: 0, lostUnknown: 0, openConnections: 0 });
  });

  it('does not miss the first connections of a pod whose cgroup went and came again', async () => {
    const { lab, client, server, acceptor } = scene;
    const again = listedBefore(lab, 'again', [client.ipv4, client.ipv6]);
    const place = { cgroup: join(dirname(lab.directory), again.podCgroup), netns: client.netns };
    await using capture = await Capture.start({ pods: [server, again], captures: { again: { app: 'again' } } });
    const listener = await acceptor.listen(server.ipv4);
    const rounds = 3;
    for (let round = 1; round <= rounds; round++) {
      connectFromNewCgroup(place, listener);
      await capture.until(round);
      await (await listener.accept()).close();
    }
    const { accounts, node } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: rounds, exported: rounds }]);
    expect(node).toMatchObject({ notSelected: 0, ownerUnknown: 0, lostUnknown: 0 });
    for (const flow of capture.flows)
      expect(flow.source).toMatchObject({ identity: { podName: 'again' }, bytes: HASTY_BYTES });
  });

  it('says of a connection whose pod came and went unseen that its owner is not known, not that nobody wanted it', async () => {
    const { lab, client, server, acceptor } = scene;
    const gone = listedBefore(lab, 'gone', [client.ipv4, client.ipv6]);
    const place = { cgroup: join(dirname(lab.directory), gone.podCgroup), netns: client.netns, removed: true };
    await using capture = await Capture.start({ pods: [server, gone] });
    const listener = await acceptor.listen(server.ipv4);
    connectFromNewCgroup(place, listener);
    await (await listener.accept()).close();
    await capture.until(1);
    const { accounts, node } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: 1, exported: 1 }]);
    expect(node).toMatchObject({ ownerUnknown: 1, notSelected: 0, unselected: 0 });
    expect(capture.flows).toMatchObject([{ observer: 'destination' }]);
  });

  it('counts what it captured only because it could not know yet, and gives no record of it', async () => {
    const { lab, client, server, acceptor } = scene;
    const { uid, podCgroup } = listedBefore(lab, 'stranger', []);
    // A pod that is yet to come makes its neighbourhood unknown, and the stranger's cgroup comes there too.
    await using capture = await Capture.start({ pods: [server, listedBefore(lab, 'late', [])] });
    const listener = await acceptor.listen(server.ipv4);
    connectFromNewCgroup({ cgroup: join(dirname(lab.directory), podCgroup), netns: client.netns }, listener);
    await (await listener.accept()).close();
    await capture.until(1);
    const { accounts, node } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: 1, exported: 1 }]);
    expect(node).toMatchObject({ notSelected: 1, unselected: 0, ownerUnknown: 0, openConnections: 0 });
    // Of the stranger nothing but its uid is known, from the path of its cgroup.
    const source = { identity: { kind: 'Pod', podUid: uid, podName: undefined }, attribution: 'Exact' };
    expect(capture.flows).toMatchObject([{ observer: 'destination', source }]);
  });

  it('tells pods apart that share one network namespace', async () => {
    const { client: one } = scene;
    const two = await scene.lab.pod('two', { netns: one.netns });
    const by = await two.peer();
    await using capture = await Capture.start({ pods: [one, two] });
    for (const address of [one.ipv4, '127.0.0.1', '::1']) {
      const listener = await by.listen(address);
      const near = await scene.dialler.connect(listener);
      const told = await exchange({ near, far: await listener.accept() }, 211, 223);
      await capture.until(capture.flows.length + 2);
      const halves = halvesOf(capture.flows, told.clientPort);
      expectExact(halves, told);
      for (const half of halves) {
        expect(half).toMatchObject({
          scope: 'Local',
          source: { address, identity: { podName: 'client' }, attribution: 'Exact' },
          destination: { address, identity: { podName: 'two' }, attribution: 'Exact' },
        });
      }
    }
  });

  it('names pods of the host network by their processes, on loopback too', async () => {
    const { lab } = scene;
    const [one, two] = [await lab.pod('one', { netns: 'host' }), await lab.pod('two', { netns: 'host' })];
    const [dialler, by] = await Promise.all([one.peer(), two.peer()]);
    // A node's address, as no interface of this machine has it.
    const onHost = { hostNetwork: true, addresses: ['198.19.255.1'] };
    await using capture = await Capture.start({ pods: [listed(one, onHost), listed(two, onHost)] });
    const listener = await by.listen('127.0.0.1');
    const near = await dialler.connect(listener);
    const told = await exchange({ near, far: await listener.accept() }, 227, 229);
    await capture.until(2);
    const halves = halvesOf(capture.flows, told.clientPort);
    expectExact(halves, told);
    for (const half of halves) {
      expect(half).toMatchObject({
        scope: 'Local',
        source: { address: '127.0.0.1', identity: { podName: 'one' }, attribution: 'Exact' },
        destination: { address: '127.0.0.1', identity: { podName: 'two' }, attribution: 'Exact' },
      });
    }
  });
});
