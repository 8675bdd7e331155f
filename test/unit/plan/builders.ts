import { type Compilation, compilePlan } from '../../../src/plan/compile.ts';
import type { CaptureObject, ExportObject } from '../../../src/plan/objects.ts';

/** The shortest way to write the objects and the node that plan tests are about. */

export const NODE = { name: 'node-1', programs: ['tcp'] } as const;

export function capture(fullName: string, spec: CaptureObject['spec'] = {}): CaptureObject {
  return { metadata: metadata(fullName), spec };
}

export function flowExport(
  fullName: string,
  spec: ExportObject['spec'] & Record<string, unknown> = { stdout: {} },
): ExportObject {
  return { metadata: metadata(fullName), spec };
}

export function compile(captures: readonly CaptureObject[], exports: readonly ExportObject[] = []): Compilation {
  return compilePlan({ captures, exports, node: NODE, namespaceLabels });
}

/** Namespace `blue` is of team blue, and every namespace has its name as a label. */
export function namespaceLabels(namespace: string): Record<string, string> {
  return { 'kubernetes.io/metadata.name': namespace, ...(namespace === 'blue' && { team: 'blue' }) };
}

function metadata(fullName: string): { name: string; namespace: string } {
  const [namespace = '', name = ''] = fullName.split('/');
  return { namespace, name };
}
