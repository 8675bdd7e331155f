import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../cluster/build/tools.ts';
import { imageInputs } from './inputs.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SCRIPT = fileURLToPath(new URL('build.sh', import.meta.url));
/** Name and tag. */
export const WEIR_IMAGE = 'weir.dev/weir:test';
/** A build that takes longer than this hangs; the slowest took two minutes on two cores. */
const LIMIT_SECONDS = 1_200;
const STDERR_CHARACTERS = 4_000;

/**
 * Under the lock, which the kernel gives back however its holder ends; whoever waited finds the archive there. The build is in
 * namespaces of its own: with its first process all others end, and its mounts go.
 */
const BUILD = `
archive=$1; shift
[ -e "$archive" ] && exit
exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$@"
`;

/** Weir's image, made from this checkout's Dockerfile. */
export interface WeirImage {
  /** Path of a docker-archive, as `ctr images import` takes it. It is there for an hour at least. */
  readonly archive: string;
  /** The name that the image has in it. */
  readonly tag: string;
}

/**
 * The image of the checkout as it is now; built when there is none of the same content. Rejects with what buildah said.
 *
 * @param progress told in a line what is being done and how long it takes; nothing when nothing is
 */
export async function weirImage(progress: (line: string) => void = () => undefined): Promise<WeirImage> {
  const { key, baseKey, base, nodeVersion } = imageInputs(ROOT);
  const folder = join(cacheFolder(), 'images');
  const archive = join(folder, `weir-${key}.tar`);
  if (existsSync(archive)) {
    // The next build removes what nobody has asked for.
    utimesSync(archive, new Date(), new Date());
    return { archive, tag: WEIR_IMAGE };
  }
  mkdirSync(folder, { recursive: true });
  const storage = join(folder, `storage-${baseKey}`);
  progress(
    existsSync(storage)
      ? 'building the image: about 10 seconds, up to a minute and a half when packages changed'
      : 'building the image and a stand-in for its base, once: about 2 minutes on two cores, and 2 GB of disk',
  );
  const script = [SCRIPT, ROOT, storage, join(folder, 'work'), base, nodeVersion, WEIR_IMAGE, archive];
  await build([join(folder, 'lock'), 'sh', '-c', BUILD, 'sh', archive, 'bash', ...script], progress);
  return { archive, tag: WEIR_IMAGE };
}

/** @param argv of flock */
async function build(argv: readonly string[], progress: (line: string) => void): Promise<void> {
  // In the foreground, else Ctrl-C would not reach buildah.
  const child = spawn('timeout', ['--foreground', `${LIMIT_SECONDS}`, 'flock', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_CHARACTERS);
  });
  createInterface(child.stdout).on('line', (line) => {
    const [, seconds, what] = /^step (\d+) (.*)$/.exec(line) ?? [];
    if (what !== undefined) progress(`  ${what} (about ${seconds} s)`);
  });
  const begin = Date.now();
  const [status, signal]: unknown[] = await once(child, 'close');
  if (status !== 0) throw new Error(`the image could not be built (${String(status ?? signal)}):\n${stderr.trim()}`);
  progress(`  done after ${Math.round((Date.now() - begin) / 1_000)} s`);
}
