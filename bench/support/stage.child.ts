/** The process of StageProcess: as many passes as it is told, until nobody tells any more. */
import { readFileSync } from 'node:fs';
import { readInventory } from './inventory.ts';
import { ringPages } from './ring-image.ts';
import type { StageRound, StageSetup } from './stage-process.ts';
import { stagePass } from './stages.ts';

const { stage, imageFile, inventoryFile, cgroups, plan }: StageSetup = JSON.parse(process.argv[2] ?? '');
const inventory = readInventory(readFileSync(inventoryFile, 'utf8'));
const pass = stagePass(stage, ringPages(readFileSync(imageFile)), { plan, inventory, cgroups });

process.on('message', (passes: number) => process.send?.(round(passes)));
process.on('disconnect', () => process.exit());

function round(passes: number): StageRound {
  const before = process.cpuUsage();
  let [records, bytes] = [0, 0];
  for (let done = 0; done < passes; done += 1) {
    const made = pass();
    records += made.records;
    bytes += made.bytes;
  }
  const { user, system } = process.cpuUsage(before);
  return { records, bytes, cpuMicros: user + system };
}
