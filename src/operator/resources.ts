import { GROUP, VERSION } from '../api/names.ts';
import type { Resource } from '../kube/resource.ts';

/** What the operator watches and writes. */

export const FLOW_CAPTURES: Resource = {
  group: GROUP,
  version: VERSION,
  plural: 'flowcaptures',
  kind: 'FlowCapture',
  namespaced: true,
};
export const FLOW_EXPORTS: Resource = {
  group: GROUP,
  version: VERSION,
  plural: 'flowexports',
  kind: 'FlowExport',
  namespaced: true,
};
export const FLOW_AGENTS: Resource = {
  group: GROUP,
  version: VERSION,
  plural: 'flowagents',
  kind: 'FlowAgent',
  namespaced: false,
};
export const NODES: Resource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
export const NAMESPACES: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
export const PODS: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
