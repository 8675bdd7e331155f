import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOrThrow } from '../process/run.ts';
import { writeImage } from './archive.ts';

/** The image that holds a pod's namespaces. */
export const PAUSE_IMAGE = 'registry.test/pause:1';
/** The workload of tests: traffic.c says what it can do. Pods need `imagePullPolicy: Never` or `IfNotPresent`. */
export const TRAFFIC_IMAGE = 'registry.test/traffic:1';

const IMAGES = { pause: PAUSE_IMAGE, traffic: TRAFFIC_IMAGE };

/** Builds every image that nodes have from the start, in milliseconds. Resolves with the archives' paths, in `folder`. */
export async function buildImages(folder: string): Promise<readonly string[]> {
  return Promise.all([buildImage(folder, 'pause'), buildImage(folder, 'traffic')]);
}

/** Builds one. Resolves with the path of its archive, `NAME.tar` in `folder`; its program lies beside it. */
export async function buildImage(folder: string, name: keyof typeof IMAGES): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const [program, archive] = [join(folder, name), join(folder, `${name}.tar`)];
  await runOrThrow('clang', ['-O2', '-static', '-s', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
  await writeImage(IMAGES[name], program, archive);
  return archive;
}
