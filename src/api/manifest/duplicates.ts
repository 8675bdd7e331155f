import type { LocatedObject } from './manifest.ts';
import type { Problem } from './problem.ts';

/** Objects that have the kind, namespace and name of an earlier one, in the same file or in another. */
export function duplicateObjects(objects: readonly LocatedObject[]): Problem[] {
  const first = new Map<string, Problem>();
  const problems: Problem[] = [];
  for (const object of objects) {
    const id = [object.apiVersion, object.kind, object.namespace ?? '', object.name].join(' ');
    const place = object.problemAt(['metadata', 'name'], '', '');
    const earlier = first.get(id);
    if (earlier === undefined) {
      first.set(id, place);
      continue;
    }
    const where = `${earlier.file}:${earlier.line}`;
    const message = `the ${object.kind} ${object.name} stands in ${where} already; rename or remove one of the two`;
    problems.push(object.problemAt(['metadata', 'name'], message, 'a name of its own'));
  }
  return problems;
}
