import { GROUP, VERSION } from './names.ts';

/** Weir's own kinds, as a URL of the API server has them. */

export const FLOW_CAPTURES = {
  group: GROUP,
  version: VERSION,
  plural: 'flowcaptures',
  kind: 'FlowCapture',
  namespaced: true,
} as const;
export const FLOW_EXPORTS = {
  group: GROUP,
  version: VERSION,
  plural: 'flowexports',
  kind: 'FlowExport',
  namespaced: true,
} as const;
export const FLOW_AGENTS = {
  group: GROUP,
  version: VERSION,
  plural: 'flowagents',
  kind: 'FlowAgent',
  namespaced: false,
} as const;
