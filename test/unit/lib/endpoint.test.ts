import { expect, test } from 'vitest';
import { endpointText } from '../../../src/lib/endpoint.ts';

test.each([
  ['192.0.2.1', 80, '192.0.2.1:80'],
  ['2001:db8::1', 443, '[2001:db8::1]:443'],
])('%s and port %i are one text', (address, port, expected) => {
  expect(endpointText(address, port)).toBe(expected);
});
