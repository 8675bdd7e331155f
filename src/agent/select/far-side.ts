/** Who the far side of a flow was, for whoever asks for its labels. */
import type { SelectedPod } from '../../plan/sets.ts';
import type { Flow, Identity } from '../../record/flow.ts';
import type { FarSide } from './peer-rules.ts';

/** The pod that a record names so, where its labels are known. */
export type PodOf = (identity: Identity) => SelectedPod | undefined;

/** As far as the record knows it: what is Unknown or Ambiguous there is not known here either, nor a pod without labels. */
export function farSideOf({ observer, source, destination }: Flow, podOf: PodOf): FarSide {
  const { identity, attribution } = observer === 'source' ? destination : source;
  if (attribution === 'Unknown' || attribution === 'Ambiguous') return 'unknown';
  return identity.kind === 'Pod' ? (podOf(identity) ?? 'unknown') : 'noPod';
}
