import { execFileSync } from 'node:child_process';

/** Builds the program as the image has it. Returns its path, from the top of the checkout. */
export function buildBundle(): string {
  execFileSync(process.execPath, ['scripts/bundle.ts'], { stdio: 'ignore' });
  return 'dist/lib/weir.js';
}
