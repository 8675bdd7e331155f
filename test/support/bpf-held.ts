import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ids of the eBPF programs behind the descriptors of a process; none of one that has ended. */
export function heldPrograms(pid: number): number[] {
  const folder = `/proc/${pid}/fdinfo`;
  if (!existsSync(folder)) return [];
  const texts = readdirSync(folder).map((fd) => readFileSync(join(folder, fd), 'utf8'));
  return texts.flatMap((text) => /^prog_id:\s*(\d+)$/m.exec(text)?.slice(1, 2) ?? []).map(Number);
}
