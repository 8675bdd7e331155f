import { describe, expect, test } from 'vitest';
import type { Peer } from '../../../src/api/types.generated.ts';
import { acceptCapture, acceptExport } from '../../../src/operator/acceptance.ts';
import { capture, flowExport, OPERATOR_NAMESPACE } from './builders.ts';

const reasonOf = (spec: Parameters<typeof capture>[1], namespace = 'shop') => {
  const { reason, message } = acceptCapture(capture(`${namespace}/c`, spec).object, OPERATOR_NAMESPACE);
  return `${reason}: ${message}`;
};
const refusalOf = (peer: Partial<Peer>) => reasonOf({ peers: [{ action: 'Include', ...peer }] });

describe('a FlowCapture', () => {
  test('is accepted where it asks for what this version does', () => {
    expect(reasonOf({ podSelector: {}, nodeSelector: { matchLabels: { zone: 'a' } }, suspend: true })).toMatch(
      /^Accepted: /,
    );
    expect(reasonOf({ namespaceSelector: {} }, OPERATOR_NAMESPACE)).toMatch(/^Accepted: /);
  });

  test('looks into other namespaces only beside the operator', () => {
    expect(reasonOf({ namespaceSelector: {} })).toMatch(/^NamespaceNotPermitted: .*weir-system only.*in shop/);
  });

  test('means peers of other namespaces by label only beside the operator', () => {
    const peers: Peer[] = [
      { action: 'Exclude', ports: ['53'] },
      { action: 'Include', namespaceSelector: {} },
    ];
    expect(reasonOf({ peers })).toMatch(
      /^NamespaceNotPermitted: a namespaceSelector in spec\.peers .*weir-system only.*in shop/,
    );
    expect(reasonOf({ peers }, OPERATOR_NAMESPACE)).toMatch(/^Accepted: /);
    expect(reasonOf({ peers: [{ action: 'Include', podSelector: {} }] })).toMatch(/^Accepted: /);
  });

  test('with peers that the schema lets through and that mean nothing', () => {
    expect(refusalOf({ ports: ['80', '9000-8000'] })).toBe(
      'InvalidPeers: spec.peers[0].ports[1]: "9000-8000" runs backwards: write the lower port first, "8000-9000"',
    );
    expect(refusalOf({ cidrs: ['010.0.0.0/8'] })).toMatch(
      /^InvalidPeers: spec\.peers\[0\]\.cidrs\[0\]: .* is no network/,
    );
    expect(refusalOf({ podSelector: { matchLabels: { ['k'.repeat(64)]: 'v' } } })).toMatch(
      /^InvalidSelector: spec\.peers\[0\]\.podSelector/,
    );
  });

  test('is refused by the name of the field that is not honoured', () => {
    expect(reasonOf({ protocols: ['DNS'] })).toMatch(/^NotSupportedYet: spec\.protocols\[0\]: DNS is not honoured/);
    expect(reasonOf({ protocols: ['TCP', 'DNS'] })).toMatch(/^NotSupportedYet: spec\.protocols\[1\]: DNS/);
  });

  test('with a selector that the schema lets through and Kubernetes would not', () => {
    expect(reasonOf({ nodeSelector: { matchLabels: { ['k'.repeat(64)]: 'v' } } })).toMatch(
      /^InvalidSelector: spec\.nodeSelector/,
    );
  });
});

describe('a FlowExport', () => {
  test.each([
    ['weir-system/x', { stdout: {} }, 'Accepted'],
    ['weir-system/x', { file: { path: '/f' } }, 'Accepted'],
    ['shop/x', { stdout: {} }, 'NamespaceNotPermitted'],
    ['shop/x', { file: { path: '/f' } }, 'NamespaceNotPermitted'],
    ['weir-system/x', { http: { url: 'https://a.example', compression: 'None' } }, 'NotSupportedYet'],
  ] satisfies [string, Parameters<typeof flowExport>[1], string][])('%s %j is %s', (key, spec, reason) => {
    const target = flowExport(key, spec);
    expect(acceptExport(target.object, OPERATOR_NAMESPACE).reason).toBe(reason);
  });
});
