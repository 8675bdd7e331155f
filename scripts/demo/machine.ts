import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../cluster/tell.ts';
import { checkRecords, type FlowJson, throughNat } from './checks.ts';
import { interruptible } from './interruption.ts';
import { tell, tellBlock, tellChecks } from './tell.ts';
import { startTopology, type Topology } from './topology.ts';
import { runTraffic } from './traffic.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CAPTURE = 'config/samples/checkout.yaml';
const WIDTH = process.stdout.columns ?? 140;

/**
 * Pods in network namespaces, HTTP through a router with NAT, captured by `weir capture` under a FlowCapture, and checked.
 * Leaves nothing behind, after Ctrl-C or kill -9 neither. Resolves with the exit status.
 */
export async function machineDemo(): Promise<number> {
  if (process.getuid?.() !== 0) {
    throw new Refusal('it makes network namespaces and loads eBPF programs: run it as root (sudo npm run demo)', 3);
  }
  return interruptible(run);
}

async function run(interrupted: AbortSignal): Promise<number> {
  tell('building a network: clients and servers as pods, behind a router that translates addresses on both ways');
  await using topology = await startTopology();
  const flowsFile = join(topology.lab.temporary, 'flows.ndjson');
  const recorder = join(topology.lab.temporary, 'recorder.yaml');
  writeFileSync(recorder, recorderManifest(flowsFile));

  tell(`capturing under ${CAPTURE}:`);
  tellBlock(readFileSync(join(ROOT, CAPTURE), 'utf8'));
  const weir = startCapture(['-f', CAPTURE, '-f', recorder, '--inventory', topology.inventoryFile]);
  const exited = once(weir, 'close');
  try {
    await started(weir, exited, interrupted);
    const traffic = await runTraffic(topology);
    for (const { client, service, requests } of traffic) tell(`${client} made ${requests} HTTP requests to ${service}`);
    tell('ending the capture as Ctrl-C would\n');
  } finally {
    weir.kill('SIGINT');
    await exited;
  }
  interrupted.throwIfAborted();
  return verdict(topology, flowsFile, weir.exitCode);
}

function startCapture(flags: readonly string[]): ChildProcess {
  // Should the demo be killed, the capture ends as by Ctrl-C.
  const withOwner = ['--pdeathsig', 'INT', process.execPath];
  return spawn('setpriv', [...withOwner, 'src/main.ts', 'capture', ...flags, '-o', 'table'], {
    cwd: ROOT,
    env: { ...process.env, COLUMNS: String(WIDTH) },
    stdio: ['ignore', 'inherit', 'pipe'],
    // Ctrl-C goes to the whole foreground group: the demo itself ends the capture, once.
    detached: true,
  });
}

/** Resolves when the capture says that it runs; passes on what it says, then and later. */
async function started(weir: ChildProcess, exited: Promise<unknown>, interrupted: AbortSignal): Promise<void> {
  if (weir.stderr === null) throw new Error('the capture has no stderr');
  const lines = createInterface(weir.stderr);
  const { promise: running, resolve, reject } = Promise.withResolvers<void>();
  lines.on('line', (line) => {
    process.stderr.write(`${line}\n`);
    if (line.startsWith('weir: capturing')) resolve();
  });
  void exited.then(() => reject(new Error('weir capture ended before it ran; its reason stands above')));
  interrupted.addEventListener('abort', () => reject(interrupted.reason));
  await running;
}

function verdict(topology: Topology, flowsFile: string, status: number | null): number {
  const flows = readFileSync(flowsFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): FlowJson => JSON.parse(line));
  const checks = [
    ...checkRecords(flows, topology),
    { claim: 'the ledger balanced (exit status 0)', holds: status === 0 },
  ];
  tellBlock(throughNat(flows));
  return tellChecks(checks);
}

/** A second capture of the same pods, into a file that the demo checks afterwards. */
function recorderManifest(path: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'weir.dev/v1alpha1',
        kind: 'FlowCapture',
        metadata: { name: 'recorder', namespace: 'shop' },
        spec: { exports: [{ name: 'recording' }] },
      },
      {
        apiVersion: 'weir.dev/v1alpha1',
        kind: 'FlowExport',
        metadata: { name: 'recording', namespace: 'shop' },
        spec: { file: { path } },
      },
    ],
  });
}
