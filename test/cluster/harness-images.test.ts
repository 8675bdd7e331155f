import { afterEach, expect, test, vi } from 'vitest';
import { namedImage, trafficImage, whyNoNamedImages } from '../support/cluster/images/named.ts';

/** What a cluster that runs already is told to run. */

afterEach(() => void vi.unstubAllEnvs());

function set(weir: string, traffic = 'traffic:1'): void {
  vi.stubEnv('WEIR_TEST_IMAGE', weir);
  vi.stubEnv('WEIR_TEST_TRAFFIC_IMAGE', traffic);
}

test.each([
  ['weir:0.1.0', 'weir', '0.1.0'],
  ['registry.example:5000/team/weir:0.1.0', 'registry.example:5000/team/weir', '0.1.0'],
])('%s is an image', (reference, repository, tag) => {
  set(reference);
  expect(whyNoNamedImages()).toBeUndefined();
  expect(namedImage('weir')).toEqual({ repository, tag, pullPolicy: 'IfNotPresent' });
});

test.each(['', 'weir', 'registry.example:5000/weir', ':1', 'weir:', `weir@sha256:${'0'.repeat(64)}`])(
  '"%s" is none, and what is to be set is said',
  (reference) => {
    set(reference);
    const words = 'WEIR_TEST_KUBECONFIG needs WEIR_TEST_IMAGE, as repository:tag: CONTRIBUTING.md says how';
    expect(whyNoNamedImages()).toBe(words);
    expect(() => namedImage('weir')).toThrow(words);
    set(reference, reference);
    expect(whyNoNamedImages()).toContain('WEIR_TEST_IMAGE and WEIR_TEST_TRAFFIC_IMAGE, as');
  },
);

test('the workload of tests is what the cluster has', () => {
  set('weir:1', 'registry.example/traffic:7');
  vi.stubEnv('WEIR_TEST_KUBECONFIG', '/there');
  expect(trafficImage()).toEqual({ image: 'registry.example/traffic:7', imagePullPolicy: 'IfNotPresent' });
  vi.stubEnv('WEIR_TEST_KUBECONFIG', '');
  expect(trafficImage()).toEqual({ image: 'registry.test/traffic:1', imagePullPolicy: 'Never' });
});
