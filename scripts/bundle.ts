/** `npm run bundle`: makes dist/ anew, Weir as the image holds it: what it needs at run time, beside Node and libbpf. */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { arch } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { bundledPackages, licenceTexts } from './bundle/licences.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

/** koffi's machine code: found at run time, by this name. */
const NATIVE_PACKAGE = `node_modules/@koromix/koffi-linux-${arch}`;
/** Its other half is for another C library. */
const NATIVE_FILES = ['package.json', 'index.js', `linux_${arch}`];
const COPIED = ['LICENSE', 'bpf/tcp.bpf.o', 'crds', ...NATIVE_FILES.map((file) => `${NATIVE_PACKAGE}/${file}`)];

/** What a module of CommonJS asks for by require(), such as Node's own modules; a module of ECMAScript has none. */
const REQUIRE = "const require = globalThis.process.getBuiltinModule('node:module').createRequire(import.meta.url);";

/** tr46, deep below @kubernetes/client-node, uses Node's deprecated punycode; in a bundle Node would tell of it at each start. */
const LAUNCHER = "#!/usr/bin/env -S node --disable-warning=DEP0040\nimport '../lib/weir.js';\n";

rmSync(DIST, { recursive: true, force: true });
const { outputs } = await bundle();
for (const file of COPIED) copy(file);
write('package.json', `${JSON.stringify(runTimeManifest(), undefined, 2)}\n`);
write('THIRD-PARTY-LICENSES', licenceTexts(ROOT, [...bundledPackages(outputs), NATIVE_PACKAGE]));
write('bin/weir', LAUNCHER);
chmodSync(join(DIST, 'bin/weir'), 0o755);
for (const [file, { bytes }] of Object.entries(outputs)) process.stdout.write(`${file}: ${bytes} bytes\n`);

/**
 * One file for what every command needs, and others for what only some need: an agent never loads the libraries of the
 * operator. Names are kept, for the stacks of unexpected faults; white space is not, since a source text stays in memory.
 */
async function bundle(): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
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
    legalComments: 'none',
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: 'warning',
  });
  return metafile;
}

/** What Weir reads of its package.json, and what Node does. */
function runTimeManifest(): object {
  const { name, version, license, type, imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return { name, version, license, type, imports };
}

function copy(file: string): void {
  cpSync(join(ROOT, file), join(DIST, file), { recursive: true });
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(DIST, file)), { recursive: true });
  writeFileSync(join(DIST, file), text);
}
