import { describe, expect, test } from 'vitest';
import { formatNetwork, holds, type Network, networkOf, parseNetwork } from '../../../src/lib/network.ts';

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(`${text} is no network`);
  return parsed;
}

describe('a network', () => {
  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['198.18.255.255/31', '198.18.255.254/31'],
    ['198.18.0.1/32', '198.18.0.1/32'],
    ['::/0', '::/0'],
    ['FD00:1:2::3/33', 'fd00:1::/33'],
    ['2001:db8::1/128', '2001:db8::1/128'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
    ['::ffff:10.1.2.3/96', '0.0.0.0/0'],
    // Holds more than the mapped addresses: a network of IPv6.
    ['::ffff:0:0/95', '::fffe:0:0/95'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatNetwork(network(text))).toBe(canonical);
    expect(network(canonical)).toEqual(network(text));
  });

  test.each([
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '010.0.0.0/8',
    '::/129',
    'a/8',
  ])('is not %j', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  test.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '203.0.113.9', false],
    ['::/0', 'fd00::1', true],
    ['fd00::/8', 'fdff:ffff::1', true],
    ['fd00::/8', 'fe00::1', false],
    ['::ffff:198.18.0.0/111', '198.19.255.255', true],
  ])('%s with %s in it: %s', (outer, address, expected) => {
    const inner = networkOf(address);
    expect(inner !== undefined && holds(network(outer), inner)).toBe(expected);
  });
});
