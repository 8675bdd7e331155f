/** `npm run bundle`: makes dist/ anew, Weir as the image holds it: what it needs at run time, beside Node and libbpf. */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { arch } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundledPackages, licenceTexts } from './bundle/licences.ts';
import { BUNDLE } from './bundle/options.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

/** koffi's machine code: found at run time, by this name. */
const NATIVE_PACKAGE = `node_modules/@koromix/koffi-linux-${arch}`;
/** Its other half is for another C library. */
const NATIVE_FILES = ['package.json', 'index.js', `linux_${arch}`];
const COPIED = ['LICENSE', 'bpf/tcp.bpf.o', 'crds', ...NATIVE_FILES.map((file) => `${NATIVE_PACKAGE}/${file}`)];

/** tr46, deep below @kubernetes/client-node, uses Node's deprecated punycode; in a bundle Node would tell of it at each start. */
const LAUNCHER = "#!/usr/bin/env -S node --disable-warning=DEP0040\nimport '../lib/weir.js';\n";

rmSync(DIST, { recursive: true, force: true });
const { outputs } = (await build(BUNDLE)).metafile;
for (const file of COPIED) copy(file);
write('package.json', `${JSON.stringify(runTimeManifest(), undefined, 2)}\n`);
write('THIRD-PARTY-LICENSES', licenceTexts(ROOT, [...bundledPackages(outputs), NATIVE_PACKAGE]));
write('bin/weir', LAUNCHER);
chmodSync(join(DIST, 'bin/weir'), 0o755);
for (const [file, { bytes }] of Object.entries(outputs)) process.stdout.write(`${file}: ${bytes} bytes\n`);

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
