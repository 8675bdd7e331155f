import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

/** What a module of CommonJS asks for by require(), such as Node's own modules; a module of ECMAScript has none. */
const REQUIRE = "const require = globalThis.process.getBuiltinModule('node:module').createRequire(import.meta.url);";

/**
 * One file for what every command needs, and others for what only some need: an agent never loads the libraries of the
 * operator. Names are kept, for the stacks of unexpected faults; white space is not, since a source text stays in memory.
 */
export const BUNDLE = {
  absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
  entryPoints: { weir: 'src/main.ts' },
  outdir: 'dist/lib',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  // Node prints the line of an uncaught error.
  lineLimit: 120,
  // The whole licences are in a file of their own.
  legalComments: 'none',
  banner: { js: REQUIRE },
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;
