import type { FlowAgent, PlannedCapture } from '../../api/types.generated.ts';
import type { Plan, PlanCapture, ProgramName, Protocol } from '../../plan/plan.ts';
import { FEATURES, PROGRAMS_OF } from '../../plan/programs.ts';

type WrittenPlan = FlowAgent['spec']['plan'];

/** What this agent makes of a plan that was written by an operator of whatever version. */
export interface EffectivePlan {
  /** The captures that this agent understands to the last word. */
  readonly plan: Plan;
  /** Those that it does not: uid → features that it lacks. */
  readonly refused: ReadonlyMap<string, readonly string[]>;
}

/** Leaves out whole captures that ask for what this version cannot do: none is ever run half. */
export function effectivePlan(written: WrittenPlan): EffectivePlan {
  const refused = new Map<string, readonly string[]>();
  const captures: PlanCapture[] = [];
  for (const capture of written.captures) {
    const lacking = capture.needs.filter((need) => !FEATURES.some((feature) => feature === need));
    if (lacking.length > 0) refused.set(capture.uid, lacking);
    else captures.push(planCapture(capture));
  }
  const { hash, node, reportSeconds, exports } = written;
  const programs = [...new Set(captures.flatMap((capture) => capture.programs))].toSorted();
  return { plan: { hash, node, reportSeconds, programs, captures, exports }, refused };
}

/** A capture whose every need is known here: so are its protocols, and their programs. */
function planCapture(written: PlannedCapture): PlanCapture {
  const { name, selector } = written.namespaces;
  const protocols = [...PROGRAMS_OF.keys()].filter((protocol) => written.protocols.includes(protocol));
  const needs = FEATURES.filter((feature) => written.needs.includes(feature));
  return {
    ...written,
    namespaces: name === undefined ? { selector: selector ?? {} } : { name },
    protocols,
    needs,
    programs: programsOf(protocols),
  };
}

function programsOf(protocols: readonly Protocol[]): ProgramName[] {
  return [...new Set(protocols.flatMap((protocol) => PROGRAMS_OF.get(protocol) ?? []))];
}

/** The plan of a node that was given none. */
export function emptyPlan(node: string): Plan {
  return { hash: '', node, programs: [], captures: [], exports: [] };
}
