import { weirImage } from './image.ts';
import { whyNoImage } from './requirements.ts';

/**
 * Builds the image, so that no test's time limit includes it. `npm test` calls it before vitest, which draws over its progress;
 * vitest calls it before the first test of the project, for those who call vitest themselves.
 */
export default async function buildImage(): Promise<void> {
  if (whyNoImage() === undefined) await weirImage((line) => void process.stderr.write(`${line}\n`));
}
