import { describe, expect, test } from 'vitest';
import { parseListenAddress, parsePort } from '../../../src/cli/listen-address.ts';

describe('--listen', () => {
  test.each([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['localhost:0', 'localhost', 0],
    ['[::]:65535', '::', 65_535],
  ])('%s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
  });

  test.each(['8080', ':8080', '127.0.0.1', '127.0.0.1:65536', '::1:80', '[::1]', 'a:b', ''])('not %s', (text) => {
    expect(() => parseListenAddress(text)).toThrow('write an address and a port');
  });
});

describe('--profile-port', () => {
  test.each([
    ['0', 0],
    ['6060', 6060],
    ['65535', 65_535],
  ])('%s', (text, port) => {
    expect(parsePort(text)).toBe(port);
  });

  test.each(['', '65536', '-1', '1e3', '127.0.0.1:6060'])('not %s', (text) => {
    expect(() => parsePort(text)).toThrow('write a port');
  });
});
