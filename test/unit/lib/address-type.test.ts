import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressType, canonicalAddress, isLoopback } from '../../../src/lib/address-type.ts';

describe('canonicalAddress', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['FD00::0:1', 'fd00::1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::', '2001:db8::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:198.18.0.1', '198.18.0.1'],
    ['::ffff:c612:1', '198.18.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each([
    '',
    'localhost',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1/24',
    ' 10.0.0.1',
    'fe80::1%eth0',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8::',
    '1:2:3:4:5:6:7',
    '1.2.3.4::1',
    '::12345',
    '::1.2.3',
    '1'.repeat(100_000),
  ])('refuses %j', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  it('accepts what the platform accepts, zones aside, and is stable', () => {
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom('0', '1', '25', '9', 'a', 'F', ':', '::', '.') }),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const canonical = canonicalAddress(candidate);
        expect(canonical !== undefined).toBe(isIP(candidate) !== 0);
        expect(canonicalAddress(canonical ?? '::')).toBe(canonical ?? '::');
      }),
    );
  });
});

describe('addressType', () => {
  it.each([
    ['10.255.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['192.169.1.1', 'public'],
    ['100.64.0.1', 'private'],
    ['100.128.0.1', 'public'],
    ['198.18.0.1', 'private'],
    ['198.19.255.255', 'private'],
    ['198.20.0.1', 'public'],
    ['8.8.8.8', 'public'],
    ['127.0.0.53', 'loopback'],
    ['169.254.169.254', 'linkLocal'],
    ['224.0.0.251', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::2', 'public'],
    ['fe80::1', 'linkLocal'],
    ['fec0::1', 'public'],
    ['fd00::1', 'private'],
    ['ff02::1', 'multicast'],
    ['2606:4700::1', 'public'],
    ['2001:db8::1', 'public'],
  ])('calls %s %s', (text, type) => {
    expect(addressType(text)).toBe(type);
  });
});

describe('isLoopback', () => {
  it('agrees with the address type for every canonical address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('::1', '127.0.0.1', '127.9.9.9')), (text) => {
        const canonical = canonicalAddress(text) ?? '';
        expect(isLoopback(canonical)).toBe(addressType(canonical) === 'loopback');
      }),
    );
  });
});
