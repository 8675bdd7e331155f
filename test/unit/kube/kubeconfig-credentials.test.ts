import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { kubeconfigCredentials } from '../../../src/kube/kubeconfig-credentials.ts';
import { WeirError } from '../../../src/lib/errors.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

let folder: string;
let file: string;

/** Writes a kubeconfig. */
function write(user: object, cluster: object = {}): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://198.18.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(file, JSON.stringify(config));
}

async function refusal(path: string | undefined): Promise<unknown> {
  return kubeconfigCredentials(path).then(
    () => 'accepted',
    (error: unknown) => error,
  );
}

async function authorization(credentials: Awaited<ReturnType<typeof kubeconfigCredentials>>): Promise<unknown> {
  return (await credentials.current()).headers['authorization'];
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-kubeconfig-'));
  file = join(folder, 'config');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('credentials of a kubeconfig', () => {
  test('are a token, in whose name, and the authority of the server', async () => {
    write(
      { token: 'one', as: 'someone' },
      { 'certificate-authority-data': base64('authority'), 'tls-server-name': 'kubernetes' },
    );
    const credentials = await kubeconfigCredentials(file);
    expect(credentials.server.href).toBe('https://198.18.0.1:6443/');
    expect(await credentials.current()).toEqual({
      headers: { authorization: 'Bearer one', 'impersonate-user': 'someone' },
      tls: { ca: Buffer.from('authority'), servername: 'kubernetes' },
    });
  });

  test('are a certificate, or a name and a password', async () => {
    write({ 'client-certificate-data': base64('certificate'), 'client-key-data': base64('key') });
    const certificate = await (await kubeconfigCredentials(file)).current();
    expect(certificate.tls).toEqual({ cert: Buffer.from('certificate'), key: Buffer.from('key') });
    write({ username: 'me', password: 'secret' }, { 'insecure-skip-tls-verify': true });
    expect(await (await kubeconfigCredentials(file)).current()).toEqual({
      headers: { authorization: `Basic ${base64('me:secret')}` },
      tls: { rejectUnauthorized: false },
    });
  });

  test('are none, over HTTP, of kubectl proxy', async () => {
    write({}, { server: 'http://127.0.0.1:8001/' });
    const credentials = await kubeconfigCredentials(file);
    expect(credentials.server.protocol).toBe('http:');
    expect((await credentials.current()).headers).toEqual({});
  });

  test('of a token file end where the token ends', async () => {
    writeFileSync(join(folder, 'token'), 'one\n');
    write({ 'token-file': join(folder, 'token') });
    expect(await authorization(await kubeconfigCredentials(file))).toBe('Bearer one');
  });

  test('that were refused are read again; those that cannot be read stay as they are', async () => {
    write({ token: 'one' });
    const credentials = await kubeconfigCredentials(file);
    write({ token: 'two' });
    expect(await authorization(credentials)).toBe('Bearer one');
    credentials.renew();
    expect(await authorization(credentials)).toBe('Bearer two');
    writeFileSync(file, '{');
    credentials.renew();
    expect(await authorization(credentials)).toBe('Bearer two');
    write({ token: 'three' });
    credentials.renew();
    expect(await authorization(credentials)).toBe('Bearer three');
  });

  test('of a plugin are asked for once, and again when they were refused', async () => {
    const status = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}';
    const script = `echo >> ${folder}/runs; printf '${status}' "run-$(wc -l < ${folder}/runs)"`;
    write({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] } });
    const credentials = await kubeconfigCredentials(file);
    expect(await authorization(credentials)).toBe('Bearer run-1');
    expect(await authorization(credentials)).toBe('Bearer run-1');
    credentials.renew();
    expect(await authorization(credentials)).toBe('Bearer run-2');
  });
});

describe('a kubeconfig is refused', () => {
  test.each([
    ['that is none', () => writeFileSync(file, 'clusters: {'), 'cannot use'],
    ['that is not there', () => undefined, 'no such file'],
    ['without a context', () => writeFileSync(file, 'clusters: []\ncontexts: []\nusers: []\n'), 'no current context'],
    ['whose server is no URL', () => write({}, { server: '198.18.0.1' }), 'server is no URL: 198.18.0.1'],
    ['with a proxy', () => write({}, { 'proxy-url': 'http://me:secret@proxy:3128' }), 'proxy-url is not honoured'],
  ])('%s', async (_, prepare, message) => {
    prepare();
    const error = await refusal(file);
    expect(error).toBeInstanceOf(WeirError);
    expect(error).toMatchObject({ code: 'InvalidInput', message: expect.stringContaining(message) });
    expect(String(error)).not.toContain('secret');
  });

  test('where there is none', async () => {
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', folder);
    expect(await refusal(undefined)).toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('there is no kubeconfig'),
    });
    vi.stubEnv('KUBECONFIG', file);
    write({ token: 'one' });
    expect(await authorization(await kubeconfigCredentials(undefined))).toBe('Bearer one');
  });
});
