import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serviceAccountCredentials } from '../../../src/kube/service-account-credentials.ts';
import type { Credentials } from '../../../src/kube/transport.ts';

let folder: string;
let now: number;
let credentials: Credentials;

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const authorization = async () => (await credentials.current()).headers['authorization'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-service-account-'));
  now = 0;
  credentials = serviceAccountCredentials(folder, new URL('https://198.18.0.1'), () => now);
  write('ca.crt', 'authority');
  write('token', 'one\n');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('the files of a service account are read again after a minute', async () => {
  expect(await credentials.current()).toEqual({
    headers: { authorization: 'Bearer one' },
    tls: { ca: 'authority' },
  });
  write('token', 'two');
  now = 59_999;
  expect(await authorization()).toBe('Bearer one');
  now = 60_000;
  expect(await authorization()).toBe('Bearer two');
});

test('they are read again at once when what they said was refused', async () => {
  expect(await authorization()).toBe('Bearer one');
  write('token', 'two');
  credentials.renew();
  expect(await authorization()).toBe('Bearer two');
});

test('a file that is missing is named, and found when it is there', async () => {
  rmSync(join(folder, 'token'));
  await expect(credentials.current()).rejects.toThrow("cannot read the service account's token");
  write('token', 'three');
  expect(await authorization()).toBe('Bearer three');
});
