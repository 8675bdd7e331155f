import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Identity } from './pki.ts';

/** What a client needs to reach an API server; texts, not paths. */
export interface Connection {
  readonly server: string;
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

interface KubeconfigTarget {
  readonly server: string;
  /** Path of the authority's certificate. */
  readonly authority: string;
  /** A certificate, or a service account's token. */
  readonly user: Identity | string;
}

export function writeKubeconfig(path: string, { server, authority, user }: KubeconfigTarget): void {
  const credentials =
    typeof user === 'string' ? { token: user } : { 'client-certificate': user.certificate, 'client-key': user.key };
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'weir', cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: 'weir', user: credentials }],
    contexts: [{ name: 'weir', context: { cluster: 'weir', user: 'weir' } }],
    'current-context': 'weir',
  };
  writeFileSync(path, `${JSON.stringify(text, null, 2)}\n`, { mode: 0o600 });
}

interface Named {
  readonly name: string;
}

type Settings = Readonly<Partial<Record<string, string>>>;

interface Kubeconfig {
  readonly 'current-context': string;
  readonly contexts: readonly (Named & { readonly context: { readonly cluster: string; readonly user: string } })[];
  readonly clusters: readonly (Named & { readonly cluster: Settings })[];
  readonly users: readonly (Named & { readonly user: Settings })[];
}

/** The current context of a kubeconfig file. Users that need a plugin are refused: nobody is there to log in. */
export function readKubeconfig(path: string): Connection {
  const config: Kubeconfig = parse(readFileSync(path, 'utf8'));
  const { context } = named(config.contexts, config['current-context'], path);
  const { cluster } = named(config.clusters, context.cluster, path);
  const { user } = named(config.users, context.user, path);
  if ('exec' in user || 'auth-provider' in user) {
    throw new Error(`${path}: user ${context.user} logs in by a plugin; use a certificate or a token`);
  }
  const { server } = cluster;
  if (server === undefined) throw new Error(`${path}: cluster ${context.cluster} has no server`);
  const read = (settings: Settings, name: string) => textOf(settings, name, dirname(path));
  return {
    server,
    ca: read(cluster, 'certificate-authority'),
    certificate: read(user, 'client-certificate'),
    key: read(user, 'client-key'),
    token:
      user['token'] ?? (user['tokenFile'] && readFileSync(resolve(dirname(path), user['tokenFile']), 'utf8').trim()),
  };
}

/** A setting that is a path, relative to the kubeconfig, or in its `-data` form is the text itself. */
function textOf(settings: Settings, name: string, folder: string): string | undefined {
  const [data, file] = [settings[`${name}-data`], settings[name]];
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined ? undefined : readFileSync(resolve(folder, file), 'utf8');
}

function named<T extends Named>(entries: readonly T[], name: string, path: string): T {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`${path}: nothing is named ${name}`);
  return entry;
}
