/** The names that the operator, the agents and everybody who looks at their objects must mean alike. */

export const GROUP = 'weir.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/** Who owns which field of an object, as server-side apply records it. */
export const OPERATOR_FIELD_MANAGER = 'weir-operator';

/** Keeps a FlowAgent until its counters stand in the captures' and exports' own status. */
export const RETIRE_FINALIZER = `${GROUP}/retire`;

/** Labels of an agent's Pod, in the operator's namespace: its Ready condition is the agent's liveness. */
export const AGENT_POD_LABELS = {
  'app.kubernetes.io/name': 'weir',
  'app.kubernetes.io/component': 'agent',
} as const;

/** The operator's Deployment, in its own namespace, and the labels of its Pod. */
export const OPERATOR_DEPLOYMENT = 'weir-operator';
export const OPERATOR_POD_LABELS = {
  'app.kubernetes.io/name': 'weir',
  'app.kubernetes.io/component': 'operator',
} as const;
