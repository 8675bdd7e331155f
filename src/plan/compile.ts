import { nearest } from '../api/manifest/nearest.ts';
import { compareNames, list, shown } from './names.ts';
import type { CaptureObject, ExportObject } from './objects.ts';
import { peerFaults } from './peers.ts';
import type { Feature, Plan, ProgramName, Protocol } from './plan.ts';
import type { PlanProblem } from './problem.ts';
import { PROGRAMS_OF } from './programs.ts';
import { type Labels, selectorFaults, selects } from './selector.ts';
import { type Draft, fitPlan, MAX_CAPTURES, MAX_PLAN_BYTES } from './size.ts';
import { WISHES, wishesOf } from './wishes.ts';

export interface PlanInput {
  readonly captures: readonly CaptureObject[];
  readonly exports: readonly ExportObject[];
  readonly node: {
    readonly name: string;
    /** The programs that this node can run. */
    readonly programs: readonly ProgramName[];
  };
  /** How often the node's agent is to report; absent where it reports to nobody. */
  readonly reportSeconds?: number;
  /** Labels of a namespace, for exports that allow namespaces by label. */
  readonly namespaceLabels: (namespace: string) => Labels;
}

export interface Compilation {
  /** Always there: it holds the captures that have no problem. */
  readonly plan: Plan;
  readonly problems: readonly PlanProblem<CaptureObject | ExportObject>[];
  /** `namespace/name` of the captures that are left out because they are suspended, sorted. */
  readonly suspended: readonly string[];
}

type Problems = PlanProblem<CaptureObject | ExportObject>[];

const DEFAULT_PROTOCOLS: readonly Protocol[] = ['TCP'];
const DEFAULT_NAMESPACE = 'default';

/**
 * Captures and exports to the plan of one node. The same objects in any order give the same plan, byte for byte: of
 * several objects with one name none is taken, since which came first says nothing.
 */
export function compilePlan(input: PlanInput): Compilation {
  const { captures, exports, node } = input;
  const problems: Problems = [];
  const knownExports = uniqueByName('FlowExport', exports, problems);
  const drafts: Draft[] = [];
  const suspended: string[] = [];
  for (const [name, capture] of uniqueByName('FlowCapture', captures, problems)) {
    if (capture === undefined) continue;
    const draft = draftOf({ ...input, name, capture, knownExports }, problems);
    if (capture.spec.suspend === true) suspended.push(name);
    else if (draft !== undefined) drafts.push(draft);
  }
  const { plan, refused } = fitPlan(drafts, node.name, input.reportSeconds);
  const limits = `a plan holds at most ${MAX_CAPTURES} captures and ${MAX_PLAN_BYTES / 1024} KiB`;
  for (const { name, source } of refused) {
    const message = `FlowCapture ${shown(name)} does not fit into the plan of node ${shown(node.name)}: ${limits}; suspend or merge captures`;
    problems.push({ source, path: ['metadata', 'name'], reason: 'PlanTooLarge', message, expected: 'a smaller plan' });
  }
  return { plan, problems, suspended };
}

/** `namespace/name`, with the namespace that kubectl would take when there is none. */
export function nameOf(object: CaptureObject | ExportObject): string {
  return `${namespaceOf(object)}/${object.metadata.name}`;
}

function namespaceOf(object: CaptureObject | ExportObject): string {
  return object.metadata.namespace ?? DEFAULT_NAMESPACE;
}

/** Objects by name, sorted by namespace and name; a name that several share has undefined, and is a problem of each but the first. */
function uniqueByName<T extends CaptureObject | ExportObject>(
  kind: string,
  objects: readonly T[],
  problems: Problems,
): Map<string, T | undefined> {
  const byName = new Map<string, T | undefined>();
  for (const source of objects) {
    const name = nameOf(source);
    if (byName.has(name)) {
      const message = `another ${kind} is named ${shown(name)} too: give each its own name, or leave one out`;
      problems.push({
        source,
        path: ['metadata', 'name'],
        reason: 'DuplicateName',
        message,
        expected: 'a name of its own',
      });
    }
    byName.set(name, byName.has(name) ? undefined : source);
  }
  return new Map([...byName].toSorted(([a], [b]) => compareNames(a, b)));
}

interface DraftInput extends PlanInput {
  readonly name: string;
  readonly capture: CaptureObject;
  readonly knownExports: ReadonlyMap<string, ExportObject | undefined>;
}

/** The capture as the plan will hold it, or undefined when it has a problem. */
function draftOf(input: DraftInput, problems: Problems): Draft | undefined {
  const { name, capture, node } = input;
  const { namespaceSelector, podSelector = {}, protocols = DEFAULT_PROTOCOLS } = capture.spec;
  const before = problems.length;
  for (const field of ['podSelector', 'namespaceSelector'] as const) {
    for (const { path, message } of selectorFaults(capture.spec[field] ?? {})) {
      problems.push({
        source: capture,
        path: ['spec', field, ...path],
        reason: 'InvalidSelector',
        message,
        expected: 'a label selector',
      });
    }
  }
  for (const { path, reason, message } of peerFaults(capture.spec.peers ?? [])) {
    const expected = reason === 'InvalidPeers' ? 'a network or a range of ports' : 'a label selector';
    problems.push({ source: capture, path: ['spec', 'peers', ...path], reason, message, expected });
  }
  const programs = new Set<ProgramName>();
  for (const [index, protocol] of protocols.entries()) {
    const needed = programsOf(protocol, node.programs);
    if (needed === undefined) problems.push(unsupported(capture, index, node));
    for (const program of needed ?? []) programs.add(program);
  }
  const exports = resolveExports(input, problems);
  if (problems.length > before || exports === undefined) return undefined;
  const namespaces = namespaceSelector === undefined ? { name: namespaceOf(capture) } : { selector: namespaceSelector };
  const wishes = wishesOf(capture.spec);
  const needs = [
    ...protocols.map((protocol): Feature => `protocol.${protocol}`),
    ...WISHES.filter((wish) => wishes[wish] !== undefined),
  ];
  return { name, source: capture, namespaces, podSelector, protocols, needs, programs: [...programs], exports, wishes };
}

function programsOf(protocol: Protocol, supported: readonly ProgramName[]): readonly ProgramName[] | undefined {
  const needed = PROGRAMS_OF.get(protocol);
  return needed?.every((program) => supported.includes(program)) === true ? needed : undefined;
}

function unsupported(source: CaptureObject, index: number, node: PlanInput['node']): PlanProblem<CaptureObject> {
  const protocol = source.spec.protocols?.[index] ?? '';
  const able = [...PROGRAMS_OF.keys()].filter((other) => programsOf(other, node.programs));
  const instead = able.length > 0 ? `write one of ${list(able)}` : 'it can capture nothing at all';
  const message = `node ${shown(node.name)} cannot capture ${shown(protocol)}: ${instead}`;
  return {
    source,
    path: ['spec', 'protocols', index],
    reason: 'ProtocolNotOnThisNode',
    message,
    expected: `one of ${list(able)}`,
  };
}

/** The exports that the capture feeds, each once; undefined when one is missing, or not known for sure. */
function resolveExports(
  { capture, knownExports, namespaceLabels }: DraftInput,
  problems: Problems,
): ReadonlyMap<string, ExportObject> | undefined {
  const found = new Map<string, ExportObject>();
  const namespace = namespaceOf(capture);
  let complete = true;
  for (const [index, reference] of (capture.spec.exports ?? []).entries()) {
    const name = `${reference.namespace ?? namespace}/${reference.name}`;
    const target = knownExports.get(name);
    const at = { source: capture, path: ['spec', 'exports', index, 'name'], expected: 'a FlowExport that may be used' };
    if (target !== undefined) found.set(name, target);
    else complete = false;
    if (!knownExports.has(name)) {
      problems.push({ ...at, reason: 'ExportNotFound', message: missing(name, [...knownExports.keys()]) });
    } else if (target !== undefined && !allows(target, namespace, namespaceLabels)) {
      const message =
        `FlowExport ${shown(name)} does not allow namespace ${shown(namespace)}: ` +
        `set allowedNamespaces there to {from: All}, or to {from: Selector} with a selector of that namespace`;
      problems.push({ ...at, reason: 'ExportNotAllowed', message });
    }
  }
  return complete ? found : undefined;
}

function allows(target: ExportObject, namespace: string, labelsOf: PlanInput['namespaceLabels']): boolean {
  if (namespaceOf(target) === namespace) return true;
  const { from = 'Same', selector } = target.spec.allowedNamespaces ?? {};
  if (from === 'All') return true;
  return from === 'Selector' && selector !== undefined && selects(selector, labelsOf(namespace));
}

function missing(name: string, names: readonly string[]): string {
  if (names.length === 0) return `there is no FlowExport ${shown(name)}, nor any other: add one of that name`;
  const meant = nearest(name, names);
  const guess = meant === undefined ? '' : `did you mean ${shown(meant)}? `;
  return `there is no FlowExport ${shown(name)}: ${guess}There are: ${list(names)}`;
}
