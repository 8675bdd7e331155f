import { existingKubeconfig } from '../existing-cluster.ts';
import { TRAFFIC_IMAGE } from './images.ts';

/** An image that the nodes of a cluster have, or can pull. */
export interface NamedImage {
  readonly repository: string;
  readonly tag: string;
  /** `Never` where the test itself has brought it. */
  readonly pullPolicy: 'Never' | 'IfNotPresent';
}

const VARIABLES = { weir: 'WEIR_TEST_IMAGE', traffic: 'WEIR_TEST_TRAFFIC_IMAGE' };

/** What must be set before a cluster that runs already can be tested on, as words for the name of a skipped test. */
export function whyNoNamedImages(): string | undefined {
  const unusable = Object.values(VARIABLES).filter((variable) => parts(process.env[variable]) === undefined);
  if (unusable.length === 0) return undefined;
  return `WEIR_TEST_KUBECONFIG needs ${unusable.join(' and ')}, as repository:tag: CONTRIBUTING.md says how`;
}

/**
 * The image that a cluster that runs already has by the name of WEIR_TEST_IMAGE or WEIR_TEST_TRAFFIC_IMAGE.
 *
 * @throws Error in the words of {@link whyNoNamedImages} when it is not set
 */
export function namedImage(of: keyof typeof VARIABLES): NamedImage {
  const named = parts(process.env[VARIABLES[of]]);
  if (named === undefined) throw new Error(whyNoNamedImages());
  return { ...named, pullPolicy: 'IfNotPresent' };
}

/** As a pod has it: the workload of tests, whoever runs the cluster. */
export function trafficImage(): { readonly image: string; readonly imagePullPolicy: string } {
  if (existingKubeconfig() === undefined) return { image: TRAFFIC_IMAGE, imagePullPolicy: 'Never' };
  const { repository, tag, pullPolicy } = namedImage('traffic');
  return { image: `${repository}:${tag}`, imagePullPolicy: pullPolicy };
}

/** A registry may have a port: the tag is what comes after the last colon, and has no slash. */
export function parts(reference = ''): { readonly repository: string; readonly tag: string } | undefined {
  const [, repository, tag] = /^([^@]+):([^:@/]+)$/.exec(reference) ?? [];
  return repository === undefined || tag === undefined ? undefined : { repository, tag };
}
