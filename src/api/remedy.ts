/** Whose requests were refused. */
export type Requester = 'operator' | 'agent';

/**
 * What a person can do where trying again alone will not help; undefined where it may.
 *
 * @param who whose request was refused.
 * @param code HTTP status of the refusal.
 * @param kinds what was asked for, as `plural.group`.
 */
export function remedyFor(who: Requester, code: number | undefined, kinds: string): string | undefined {
  if (code === 401) return "the credentials are refused: renew the kubeconfig, or the pod's service account";
  if (code === 403) return `the ${who} lacks a right on ${kinds}: kubectl apply -f config/rbac/`;
  if (code === 404 && kinds.endsWith('.weir.dev')) return `${kinds} may not be installed: kubectl apply -f crds/`;
  if (code === 422) return `the installed ${kinds} may be of another version: kubectl apply -f crds/`;
  return undefined;
}
