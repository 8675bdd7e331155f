/** From the objects of the files to the plan of this machine: the cluster's compiler, plus what holds only here. */
import type { Inventory } from '../agent/identify/inventory.ts';
import { selectedPod } from '../agent/select/desired.ts';
import type { LocatedObject } from '../api/manifest/manifest.ts';
import type { Problem } from '../api/manifest/problem.ts';
import type { FlowCapture } from '../api/types.generated.ts';
import { compilePlan, nameOf } from '../plan/compile.ts';
import { inventoryNeeded } from '../plan/inventory-needed.ts';
import type { CaptureObject, ExportObject } from '../plan/objects.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlanProblem } from '../plan/problem.ts';
import { PROGRAMS } from '../plan/programs.ts';
import { CaptureSets, MAX_CAPTURES_IN_SET } from '../plan/sets.ts';
import { type Manifests, throwProblems } from './manifests.ts';

/** Where captures go that name no export: stdout. In no namespace that a file could use. */
const TERMINAL: ExportObject = {
  metadata: { name: 'terminal', namespace: '-' },
  spec: { stdout: {}, allowedNamespaces: { from: 'All' } },
};

/** How people know an export of the plan by its name: only the terminal is none of theirs. */
export function exportTitle(name: string): string {
  return name === `${TERMINAL.metadata.namespace}/${TERMINAL.metadata.name}` ? 'stdout' : `FlowExport ${name}`;
}

export interface StandalonePlan {
  readonly plan: Plan;
  readonly suspended: readonly string[];
  /** s after which a capture ends by itself, by its name; of those that do not, nothing. */
  readonly durations: ReadonlyMap<string, number>;
}

/** Throws InvalidInput that lists every problem, each at its place in its file. */
export function standalonePlan(manifests: Manifests, inventory: Inventory | undefined, node: string): StandalonePlan {
  const located = new Map<object, LocatedObject>();
  for (const object of [...manifests.captures, ...manifests.exports]) located.set(object.value, object);
  const captures = manifests.captures.map(({ value }) => value);
  const exports = manifests.exports.map(({ value }) => value);
  const common = {
    node: { name: node, programs: PROGRAMS },
    namespaceLabels: (namespace: string) => inventory?.namespaceLabels(namespace) ?? {},
  };
  // First as it was written: no problem may speak of an export that is in no file.
  const written = compilePlan({ ...common, captures, exports });
  const needed = inventory === undefined ? inventoryNeeded(captures) : [];
  throwProblems([...written.problems, ...needed].flatMap((problem) => atItsPlace(problem, located)));
  const printed = manifests.captures.map((object) => withExport(object, located));
  const { plan, problems, suspended } = compilePlan({ ...common, captures: printed, exports: [...exports, TERMINAL] });
  throwProblems(problems.flatMap((problem) => atItsPlace(problem, located)));
  throwProblems(tooManyForOnePod(plan, inventory, manifests.captures));
  return { plan, suspended, durations: durationsOf(captures) };
}

function withExport(object: LocatedObject<FlowCapture>, located: Map<object, LocatedObject>): CaptureObject {
  const { value } = object;
  if ((value.spec.exports ?? []).length > 0) return value;
  const terminal = [{ name: TERMINAL.metadata.name, namespace: TERMINAL.metadata.namespace ?? '' }];
  const printed: CaptureObject = { metadata: value.metadata, spec: { ...value.spec, exports: terminal } };
  located.set(printed, object);
  return printed;
}

function atItsPlace(problem: PlanProblem, located: ReadonlyMap<object, LocatedObject>): Problem[] {
  const object = located.get(problem.source);
  return object === undefined ? [] : [object.problemAt(problem.path, problem.message, problem.expected)];
}

/** More captures on one pod than one record can name: refused by name, before anything runs. */
function tooManyForOnePod(
  plan: Plan,
  inventory: Inventory | undefined,
  captures: readonly LocatedObject<FlowCapture>[],
): Problem[] {
  const sets = new CaptureSets(plan);
  const refused = new Map<number, string>();
  if (inventory === undefined) {
    for (const capture of sets.everything().refused) refused.set(capture, 'everything on this machine');
  } else {
    for (const pod of inventory.pods) {
      for (const capture of sets.setFor(selectedPod(pod, inventory)).refused) {
        refused.set(capture, `pod ${pod.namespace}/${pod.name}`);
      }
    }
  }
  return [...refused].flatMap(([index, what]) => {
    const name = plan.captures[index]?.name;
    const object = captures.find((candidate) => `${candidate.namespace}/${candidate.name}` === name);
    const message = `FlowCapture ${name} is one too many for ${what}: at most ${MAX_CAPTURES_IN_SET} captures select one pod; merge or suspend some`;
    return object === undefined ? [] : [object.problemAt(['metadata', 'name'], message, 'fewer captures')];
  });
}

function durationsOf(captures: readonly FlowCapture[]): Map<string, number> {
  return new Map(
    captures.flatMap((capture) => {
      const { durationSeconds } = capture.spec;
      return durationSeconds === undefined ? [] : [[nameOf(capture), durationSeconds] as const];
    }),
  );
}
