import { canonicalJson, compareText, sha256 } from './canonical.ts';
import { compareNames } from './names.ts';
import type { CaptureObject, ExportObject } from './objects.ts';
import type { Plan, PlanCapture, PlanExport, ProgramName, Wish } from './plan.ts';
import { normalSelector } from './selector.ts';
import type { Wishes } from './wishes.ts';

/** Ledger rows, sets and the FlowAgent object stay small: an object in etcd may have 1.5 MiB, with its status. */
export const MAX_CAPTURES = 256;
/** UTF-8 bytes of the canonical plan. */
export const MAX_PLAN_BYTES = 128 * 1024;

/** A capture that belongs into the plan if there is room; drafts come sorted by name. */
export interface Draft extends Omit<PlanCapture, 'index' | 'exports' | Wish> {
  readonly source: CaptureObject;
  readonly exports: ReadonlyMap<string, ExportObject>;
  readonly wishes: Wishes;
}

/** The plan of all drafts that fit, in their order; the others are handed back. */
export function fitPlan(
  drafts: readonly Draft[],
  node: string,
  reportSeconds?: number,
): { plan: Plan; refused: readonly Draft[] } {
  const counted = drafts.slice(0, MAX_CAPTURES);
  const whole = assemble(counted, node, reportSeconds);
  if (bytesOf(whole) <= MAX_PLAN_BYTES) return { plan: whole, refused: drafts.slice(MAX_CAPTURES) };
  const fitting = fit(counted, whole);
  return { plan: assemble(fitting, node, reportSeconds), refused: drafts.filter((draft) => !fitting.includes(draft)) };
}

/**
 * The drafts that fit, first come, first served. Sizes are taken from the plan of all of them, whose positions have at
 * least as many digits as those of any smaller plan: the sum is an upper bound, without assembling a plan for each.
 */
function fit(drafts: readonly Draft[], whole: Plan): Draft[] {
  const exportBytes = new Map(whole.exports.map((item) => [item.name, bytesOf(item) + 1]));
  const taken = new Set<string>();
  let room = MAX_PLAN_BYTES - bytesOf({ ...whole, captures: [], exports: [] });
  return drafts.filter((draft, index) => {
    const added = [...draft.exports.keys()].filter((name) => !taken.has(name));
    const bytes = added.reduce((sum, name) => sum + (exportBytes.get(name) ?? 0), bytesOf(whole.captures[index]) + 1);
    if (bytes > room) return false;
    room -= bytes;
    for (const name of added) taken.add(name);
    return true;
  });
}

function assemble(drafts: readonly Draft[], node: string, reportSeconds?: number): Plan {
  const exported = new Map(drafts.flatMap((draft) => [...draft.exports]));
  const names = [...exported.keys()].toSorted(compareNames);
  const positions = new Map(names.map((name, index) => [name, index]));
  const content = {
    node,
    ...(reportSeconds !== undefined && { reportSeconds }),
    programs: sorted<ProgramName>(drafts.flatMap((draft) => draft.programs)),
    captures: drafts.map((draft, index): PlanCapture => captureOf(draft, index, positions)),
    exports: names.map((name, index): PlanExport => {
      const source = exported.get(name);
      return Object.assign({ index, name }, identityOf(source), { spec: source?.spec ?? {} });
    }),
  };
  return { hash: sha256(canonicalJson(content)), ...content };
}

function captureOf(draft: Draft, index: number, positions: ReadonlyMap<string, number>): PlanCapture {
  const { namespaces } = draft;
  return {
    index,
    name: draft.name,
    ...identityOf(draft.source),
    namespaces: 'selector' in namespaces ? { selector: normalSelector(namespaces.selector) } : namespaces,
    podSelector: normalSelector(draft.podSelector),
    protocols: sorted(draft.protocols),
    needs: sorted(draft.needs),
    programs: sorted(draft.programs),
    exports: [...draft.exports.keys()].map((name) => positions.get(name) ?? 0).toSorted((a, b) => a - b),
    ...draft.wishes,
  };
}

/** Which object it was, where it came from a cluster. */
function identityOf(source: CaptureObject | ExportObject | undefined): Pick<PlanCapture, 'uid' | 'generation'> {
  const { uid, generation } = source?.metadata ?? {};
  return { ...(uid !== undefined && { uid }), ...(generation !== undefined && { generation }) };
}

function sorted<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].toSorted(compareText);
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(canonicalJson(value), 'utf8');
}
