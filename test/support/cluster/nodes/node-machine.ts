import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cgroup } from './cgroups.ts';
import { Machine } from './machine.ts';
import { nodeLayout, SYSCTLS } from './settings.ts';

/**
 * What a node has in the place of the machine's: state, sockets, pinned programs, settings of the kernel. Two nodes would
 * share them otherwise, and leave them behind.
 */
const MOUNTS = `
mount --bind "$1" /var/lib
mount --bind "$2" /var/log
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /opt
mount -t bpf bpf /sys/fs/bpf
for file in "$3"/*; do
  mount --bind "$file" "/proc/sys/$(basename "$file" | tr . /)"
done
`;

/** Directories whose content a node does not see. */
export const HIDDEN_ON_NODES = ['/var/lib', '/var/log', '/run', '/opt'];

/** Starts the machine of a node; what its disk has, in `folder`, may be of an earlier life. */
export async function bootNode(name: string, folder: string, cgroup: Cgroup): Promise<Machine> {
  const { varLib, varLog, sysctls } = nodeLayout(folder);
  for (const path of [varLib, varLog, sysctls]) mkdirSync(path, { recursive: true });
  for (const [setting, value] of Object.entries(SYSCTLS)) writeFileSync(join(sysctls, setting), `${value}\n`);
  const machine = await Machine.boot(name, cgroup);
  await machine.runOrThrow(['sh', '-ec', MOUNTS, 'sh', varLib, varLog, sysctls]);
  return machine;
}
