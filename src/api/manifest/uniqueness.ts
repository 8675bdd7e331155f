import type { Fault } from './fault.ts';
import { formatPath } from './problem.ts';
import { isJsonObject, type Json, type StructuralSchema } from './structural.ts';
import { walk } from './walk.ts';

/** Entries that a list of type set or map holds twice. The value has passed its schema. */
export function duplicateEntries(value: Json, schema: StructuralSchema): Fault[] {
  const faults: Fault[] = [];
  for (const visit of walk(value, schema)) {
    const type = visit.schema['x-kubernetes-list-type'];
    if (!Array.isArray(visit.value) || (type !== 'set' && type !== 'map')) continue;
    const keys = visit.schema['x-kubernetes-list-map-keys'] ?? [];
    const seen = new Map<string, number>();
    for (const [index, item] of visit.value.entries()) {
      const key = JSON.stringify(isJsonObject(item) ? keys.map((name) => item[name]) : item);
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, index);
        continue;
      }
      const message = `repeats ${formatPath([...visit.path, first])}; remove one of the two`;
      faults.push({
        path: [...visit.path, index],
        at: 'value',
        message,
        expected: 'an entry that is not in the list yet',
      });
    }
  }
  return faults;
}
