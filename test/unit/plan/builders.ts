import { type Compilation, compilePlan } from '../../../src/plan/compile.ts';
import type { CaptureObject, ExportObject } from '../../../src/plan/objects.ts';

/** The shortest way to write the objects and the node that plan tests are about. */

export const NODE = { name: 'node-1', programs: ['tcp'] } as const;

export function capture(fullName: string, spec: CaptureObject['spec'] = {}): CaptureObject {
  return { metadata: metadata(fullName), spec };
}

export function flowExport(fullName: string, spec: ExportObject['spec'] = { stdout: {} }): ExportObject {
  return { metadata: metadata(fullName), spec };
}

export function compile(captures: readonly CaptureObject[], exports: readonly ExportObject[] = []): Compilation {
  return compilePlan({ captures, exports, node: NODE });
}

function metadata(fullName: string): { name: string; namespace: string } {
  const [namespace = '', name = ''] = fullName.split('/');
  return { namespace, name };
}
