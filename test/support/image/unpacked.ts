import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow } from '../cluster/process/run.ts';
import type { WeirImage } from './image.ts';

/** The image's configuration, as far as Weir's has any. */
interface ImageConfig {
  /** Numbers: `uid:gid`. */
  readonly User: string;
  /** As `NAME=value`. */
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
}

/** An image's files in a folder, as a container has them. `dispose` removes them. */
export class UnpackedImage {
  readonly config: ImageConfig;
  /** Of each layer, lowest first: what it takes on a node, in bytes. */
  readonly layerBytes: readonly number[];
  readonly root: string;
  readonly #folder: string;

  private constructor(folder: string, config: ImageConfig, layerBytes: readonly number[]) {
    this.#folder = folder;
    this.config = config;
    this.layerBytes = layerBytes;
    this.root = join(folder, 'root');
  }

  /** Rejects for an image with a layer that removes files of another: Weir's has none. */
  static async unpack(image: WeirImage): Promise<UnpackedImage> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-image-'));
    try {
      const parts = join(folder, 'parts');
      mkdirSync(parts);
      mkdirSync(join(folder, 'root'));
      await runOrThrow('tar', ['-xf', image.archive, '-C', parts], { timeoutMillis: 60_000 });
      const [manifest] = JSON.parse(readFileSync(join(parts, 'manifest.json'), 'utf8'));
      const layerBytes: number[] = [];
      for (const layer of manifest.Layers) {
        const file = join(parts, String(layer));
        layerBytes.push(readFileSync(file).length);
        await unpackLayer(file, join(folder, 'root'));
      }
      const { config } = JSON.parse(readFileSync(join(parts, String(manifest.Config)), 'utf8'));
      rmSync(parts, { recursive: true });
      return new UnpackedImage(folder, config, layerBytes);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function unpackLayer(file: string, root: string): Promise<void> {
  const names = await runOrThrow('tar', ['-tf', file]);
  const removal = names.split('\n').find((name) => name.includes('.wh.'));
  if (removal !== undefined) throw new Error(`a layer removes what another holds: ${removal}`);
  await runOrThrow('tar', ['-xf', file, '-C', root], { timeoutMillis: 60_000 });
}
