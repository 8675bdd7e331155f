/**
 * Runs the published figures: `node bench/bench.ts [name …] [--write]`. Without names all of them but `soak`; `--write` puts the
 * results into docs/performance.md. Exit status: 2 for a name that is none, else 0 whether the targets are met or not.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentCost } from './agent-cost.ts';
import { connections } from './connections.ts';
import { kernelCost } from './kernel-cost.ts';
import { livePasses } from './live-passes.ts';
import { operatorScale } from './operator-scale.ts';
import { pipeline } from './pipeline.ts';
import { soak } from './soak.ts';
import { start } from './start.ts';
import { loadText, machineText } from './support/machine.ts';
import { type Bench, type BenchResult, measureTable } from './support/measure.ts';
import { withSection } from './support/performance-doc.ts';
import { throughput } from './throughput.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ['kernel-cost', kernelCost],
  ['pipeline', pipeline],
  ['throughput', throughput],
  ['operator-scale', operatorScale],
  ['agent-cost', agentCost],
  ['start', start],
  ['connections', connections],
  ['live-passes', livePasses],
  ['soak', soak],
]);
/** Takes an hour: only when it is asked for. */
const BY_NAME_ONLY = 'soak';

process.exitCode = await main(process.argv.slice(2), new Date());

async function main(argv: readonly string[], now: Date): Promise<number> {
  const names = argv.filter((argument) => argument !== '--write');
  const unknown = names.filter((name) => !BENCHES.has(name));
  if (unknown.length > 0) {
    process.stderr.write(`no bench ${unknown.join(', ')}; there are ${[...BENCHES.keys()].join(', ')}, and --write\n`);
    return 2;
  }
  const machine = machineText();
  process.stdout.write(`${machine}\n`);
  for (const [name, bench] of BENCHES) {
    if (names.length > 0 ? !names.includes(name) : name === BY_NAME_ONLY) continue;
    const load = loadText();
    process.stdout.write(`\n## ${name} (load before: ${load})\n`);
    const result = await bench((text) => void process.stderr.write(`${name}: ${text}\n`));
    const text = resultText(result);
    process.stdout.write(`\n${text}\n`);
    if (!argv.includes('--write')) continue;
    const when = `\`npm run bench ${name}\`, ${now.toISOString().slice(0, 'yyyy-mm-dd'.length)}, load before ${load}`;
    const section = `${when}; ${machine}.\n\n${text}`;
    writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), name, section));
    if (result.picture !== undefined) writeFileSync(join(dirname(DOCUMENT), `${name}.svg`), result.picture);
  }
  return 0;
}

function resultText({ measures, notes }: BenchResult): string {
  return [measureTable(measures), '', ...notes.map((note) => `- ${note}`)].join('\n');
}
