import type { NodeFailure } from '../../api/types.generated.ts';
import { cutText, escapeForTerminal } from '../../lib/escape.ts';
import { compareText } from '../../plan/canonical.ts';
import { shown } from '../../plan/names.ts';

/** A list that grows with the cluster would be no status. */
const MAX_FAILURES = 5;
const MAX_MESSAGE = 1024;

/** The worst failures for status.failures: by reason in the given order of severity, then by node. */
export function worstFailures(failures: readonly NodeFailure[], severity: readonly string[]): NodeFailure[] {
  const rank = ({ reason }: NodeFailure) => severity.indexOf(reason);
  return failures
    .toSorted((a, b) => rank(a) - rank(b) || compareText(a.node, b.node))
    .slice(0, MAX_FAILURES)
    .map(({ node, reason, message }) =>
      message === undefined ? { node, reason } : { node, reason, message: text(message) },
    );
}

/** `node worker-2: no BTF on this kernel; 3 more nodes`, for a condition. */
export function failureText(worst: NodeFailure, others: number): string {
  const more = others === 0 ? '' : `; ${others} more ${others === 1 ? 'node' : 'nodes'}, see status.failures`;
  return `node ${shown(worst.node)}: ${text(worst.message ?? worst.reason)}${more}`;
}

/** An agent's message comes from a kernel or a sink: harmless for a terminal, and cut. */
function text(message: string): string {
  return cutText(escapeForTerminal(message), MAX_MESSAGE);
}
