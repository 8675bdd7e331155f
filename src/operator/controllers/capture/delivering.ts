import { type Verdict, verdict } from '../../../api/conditions.ts';
import type { NodeFailure } from '../../../api/types.generated.ts';
import { list } from '../../../plan/names.ts';
import { noneMatched } from '../../../plan/none-matched.ts';
import { failureText, worstFailures } from '../../status/failures.ts';
import type { CaptureFacts } from './facts.ts';

/** Nodes whose agent cannot deliver to an export of the capture. */
export function sinkFailures({ nodes }: CaptureFacts): NodeFailure[] {
  return nodes.flatMap(({ name, failing }) =>
    failing.slice(0, 1).map((report) => ({
      node: name,
      reason: 'SinkUnreachable',
      message: `FlowExport ${report.name}: ${report.message ?? report.reason ?? 'the agent gives no reason'}`,
    })),
  );
}

/** The condition Delivering of a capture that is to run. @param exported records that have left, over all its life. */
export function delivering(facts: CaptureFacts, exported: number): Verdict {
  const failures = sinkFailures(facts);
  const [worst] = worstFailures(failures, ['SinkUnreachable']);
  if (worst !== undefined) {
    return verdict('FlowCapture', 'Delivering', 'SinkUnreachable', failureText(worst, failures.length - 1));
  }
  if (facts.missed !== undefined) {
    const message = noneMatched(facts.missed.selector, facts.missed.candidates);
    return verdict('FlowCapture', 'Delivering', 'NoPodsMatched', message);
  }
  if (exported > 0) return verdict('FlowCapture', 'Delivering', 'Delivering', deliveringText(facts));
  const message = `${facts.matchedPods} ${facts.matchedPods === 1 ? 'pod is' : 'pods are'} selected, and no flow was reported yet`;
  return verdict('FlowCapture', 'Delivering', 'NoFlowsYet', message);
}

function deliveringText({ capture: { object } }: CaptureFacts): string {
  const exports = (object.spec.exports ?? []).map(({ name }) => name);
  return exports.length === 0 ? 'flows are counted; no export is named' : `flows reach ${list(exports)}`;
}
