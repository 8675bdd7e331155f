import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, TRAFFIC_IMAGE } from '../../test/support/cluster/images/images.ts';
import { createWorkFolder, removeFolder } from '../../test/support/cluster/process/work-folder.ts';
import { WEIR_IMAGE, weirImage } from '../../test/support/image/image.ts';
import { whyNoImage } from '../../test/support/image/requirements.ts';
import { tell } from './tell.ts';

/** Writes the images that tests run on a cluster which is there already, as archives, and says how they get there. */
export async function images(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const work = createWorkFolder();
  try {
    copyFileSync(await buildImage(work, 'traffic'), join(folder, 'traffic.tar'));
  } finally {
    removeFolder(work);
  }
  tell(join(folder, 'traffic.tar'));
  const missing = whyNoImage();
  if (missing === undefined) {
    copyFileSync((await weirImage(tell)).archive, join(folder, 'weir.tar'));
    tell(join(folder, 'weir.tar'));
  } else {
    tell(`no image of Weir (${missing}): docker build -t ${WEIR_IMAGE} .`);
  }
  tell(`
next, for every file, whichever brings it onto the nodes:
  kind load image-archive FILE
  npm run cluster -- load FILE
then
  export WEIR_TEST_IMAGE=${WEIR_IMAGE} WEIR_TEST_TRAFFIC_IMAGE=${TRAFFIC_IMAGE}`);
}
