import { beforeEach, describe, expect, it, vi } from 'vitest';
import { OwnAddresses } from '../../../../src/agent/identify/own-addresses.ts';

const { networkInterfaces } = vi.hoisted(() => ({ networkInterfaces: vi.fn<() => object>() }));
vi.mock('node:os', async (original) => ({ ...(await original<typeof import('node:os')>()), networkInterfaces }));

function interfaces(...addresses: string[]): Record<string, { address: string }[] | undefined> {
  return { eth0: addresses.map((address) => ({ address })), down0: undefined };
}

describe('the addresses of this machine', () => {
  let now: number;

  beforeEach(() => {
    now = 0;
    networkInterfaces.mockReset();
    networkInterfaces.mockReturnValue(interfaces('192.0.2.1', 'FE80:0:0::1', '::ffff:192.0.2.9'));
  });

  it('are compared in canonical text', () => {
    const own = new OwnAddresses(() => now);
    expect(['192.0.2.1', 'fe80::1', '192.0.2.9'].map((address) => own.has(address))).toEqual([true, true, true]);
    expect(['192.0.2.2', 'FE80:0:0::1', ''].map((address) => own.has(address))).toEqual([false, false, false]);
  });

  it('are read anew after 10 s, and not before', () => {
    const own = new OwnAddresses(() => now);
    own.has('192.0.2.1');
    networkInterfaces.mockReturnValue(interfaces('192.0.2.2'));
    now = 10_000;
    expect([own.has('192.0.2.1'), own.has('192.0.2.2')]).toEqual([true, false]);
    now = 10_001;
    expect([own.has('192.0.2.1'), own.has('192.0.2.2')]).toEqual([false, true]);
    expect(networkInterfaces).toHaveBeenCalledTimes(2);
  });
});
