import { describe, expect, test } from 'vitest';
import { acceptCapture, acceptExport } from '../../../src/operator/acceptance.ts';
import { capture, flowExport, OPERATOR_NAMESPACE } from './builders.ts';

const reasonOf = (spec: Parameters<typeof capture>[1], namespace = 'shop') => {
  const { reason, message } = acceptCapture(capture(`${namespace}/c`, spec).object, OPERATOR_NAMESPACE);
  return `${reason}: ${message}`;
};

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
