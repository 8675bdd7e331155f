import { readFileSync } from 'node:fs';
import { PassThrough, Readable, Writable } from 'node:stream';
import { notHonoured } from '../../../src/api/honoured.ts';
import { kindFromCrd } from '../../../src/api/manifest/kinds.ts';
import { parseManifest } from '../../../src/api/manifest/manifest.ts';
import { isFlowCapture, isFlowExport } from '../../../src/api/objects.ts';
import type { Context } from '../../../src/cli/context.ts';
import type { Manifests } from '../../../src/cli/manifests.ts';
import { WeirError } from '../../../src/lib/errors.ts';

const KINDS = ['flowcaptures', 'flowexports'].map((name) =>
  kindFromCrd(readFileSync(new URL(`../../../crds/weir.dev_${name}.yaml`, import.meta.url), 'utf8')),
);

/** The objects of a text that is accepted, as if it were the file `x.yaml`. */
export function manifests(text: string): Manifests {
  const { objects, problems } = parseManifest(text, 'x.yaml', KINDS);
  const [problem] = [...problems, ...objects.flatMap(notHonoured)];
  if (problem !== undefined) throw new Error(problem.message);
  return { captures: objects.filter(isFlowCapture), exports: objects.filter(isFlowExport) };
}

/** A document of YAML; `spec` in flow style. */
export function document(kind: 'FlowCapture' | 'FlowExport', fullName: string, spec: string): string {
  const [namespace = '', name = ''] = fullName.split('/');
  return `---
apiVersion: weir.dev/v1alpha1
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
`;
}

export interface FakeContext extends Context {
  readonly written: () => string;
  readonly told: () => string;
}

/** Streams in memory; nobody interrupts. */
export function fakeContext({ isTTY = false, stdin = '' } = {}): FakeContext {
  const stdout = new Collector();
  const stderr = new Collector();
  return {
    stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    stdout: Object.assign(stdout, { isTTY }),
    stderr,
    columns: 80,
    colour: false,
    apiServer: undefined,
    hostname: 'node-a',
    interrupted: new Promise(() => undefined),
    written: () => stdout.text,
    told: () => stderr.text,
  };
}

class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** A stream that gives this and then nothing, without an end. */
export function endless(text: string): Readable {
  const stream = new PassThrough();
  stream.write(text);
  return stream;
}

/** The WeirError that it fails with. */
export async function failureOf(action: () => unknown): Promise<WeirError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error('expected it to fail');
}
