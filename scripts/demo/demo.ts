/**
 * `npm run demo`: pods in network namespaces, HTTP through a router with NAT, captured by `weir capture` under a
 * FlowCapture, and checked. Leaves nothing behind, after Ctrl-C or kill -9 neither.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { checkRecords, type FlowJson, throughNat } from './checks.ts';
import { startTopology, type Topology } from './topology.ts';
import { runTraffic } from './traffic.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CAPTURE = 'config/samples/checkout.yaml';
const WIDTH = process.stdout.columns ?? 140;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort(signal));

try {
  process.exitCode = await demo();
} catch (error) {
  tell(`failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}

async function demo(): Promise<number> {
  if (process.getuid?.() !== 0) {
    tell('the demo makes network namespaces and loads eBPF programs: run it as root (sudo npm run demo)');
    return 3;
  }
  tell('building a network: clients and servers as pods, behind a router that translates addresses on both ways');
  await using topology = await startTopology();
  const flowsFile = join(topology.lab.temporary, 'flows.ndjson');
  const recorder = join(topology.lab.temporary, 'recorder.yaml');
  writeFileSync(recorder, recorderManifest(flowsFile));

  tell(`capturing under ${CAPTURE}:\n\n${indent(readFileSync(join(ROOT, CAPTURE), 'utf8').trim())}\n`);
  const weir = startCapture(['-f', CAPTURE, '-f', recorder, '--inventory', topology.inventoryFile]);
  const exited = once(weir, 'exit');
  try {
    await started(weir, exited);
    const traffic = await runTraffic(topology);
    for (const { client, service, requests } of traffic) tell(`${client} made ${requests} HTTP requests to ${service}`);
    tell('ending the capture as Ctrl-C would\n');
  } finally {
    weir.kill('SIGINT');
    await exited;
  }
  if (interrupted.signal.aborted) return 130;
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
async function started(weir: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (weir.stderr === null) throw new Error('the capture has no stderr');
  const lines = createInterface(weir.stderr);
  const { promise: running, resolve, reject } = Promise.withResolvers<void>();
  lines.on('line', (line) => {
    process.stderr.write(`${line}\n`);
    if (line.startsWith('weir: capturing')) resolve();
  });
  void exited.then(() => reject(new Error('weir capture ended before it ran; its reason stands above')));
  interrupted.signal.addEventListener('abort', () => reject(new Error('interrupted')));
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
  tell(`\n${indent(throughNat(flows))}\n`);
  for (const { claim, holds } of checks) tell(`${holds ? 'yes' : 'NO '}  ${claim}`);
  return checks.every(({ holds }) => holds) ? 0 : 1;
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

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

function tell(text: string): void {
  process.stdout.write(`demo: ${text}\n`);
}
