import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

const EXECUTABLE = 0o755;
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Writes an image that holds one static program and nothing else, as `docker save` would.
 *
 * @param reference name and tag, with the registry
 * @param program path; it is at / in the image, and its entry point
 * @param archive path of the file to be written
 */
export async function writeImage(reference: string, program: string, archive: string): Promise<void> {
  const name = basename(program);
  const layer = await tar({ [name]: await readFile(program) });
  const config = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: { Entrypoint: [`/${name}`] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  const configName = `${sha256(config)}.json`;
  const manifest = [{ Config: configName, RepoTags: [reference], Layers: ['layer.tar'] }];
  const image = entries({ [configName]: config, 'layer.tar': layer, 'manifest.json': JSON.stringify(manifest) });
  await pipeline(image, createWriteStream(archive));
}

async function tar(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  return buffer(entries(files));
}

/** Owned by root, without a time. */
function entries(files: Readonly<Record<string, Buffer | string>>): Pack {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    archive.entry({ name, mode: EXECUTABLE, mtime: new Date(0) }, content);
  }
  archive.finalize();
  return archive;
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
