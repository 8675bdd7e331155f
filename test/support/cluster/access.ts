import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from './api.ts';
import type { Cluster, ServiceAccount } from './cluster.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { run } from './process/run.ts';

const TOKEN_SECONDS = 86_400;

interface Target {
  readonly server: string;
  /** Path of the admin's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the certificate of the server's authority. */
  readonly authority: string;
  readonly folder: string;
  /** Path of the program. */
  readonly kubectl: string;
}

type Access = Pick<Cluster, 'server' | 'kubeconfig' | 'folder' | 'kubectl' | 'kubeconfigFor' | 'serviceAccountFolder'>;

/** The part of a cluster that is the same whoever runs it. */
export function accessTo({ server, kubeconfig, authority, folder, kubectl }: Target): Access {
  const api = new Api(kubeconfig);
  return {
    server,
    kubeconfig,
    folder,

    kubectl(args, { kubeconfig: user = kubeconfig, ...options } = {}) {
      // The person's own settings must not change what a test sees, and what kubectl remembers goes away with the cluster.
      return run(kubectl, [`--kubeconfig=${user}`, ...args], {
        ...options,
        env: { PATH: process.env['PATH'], HOME: folder },
      });
    },

    async kubeconfigFor(account, options = {}) {
      const path = join(mkdtempSync(join(folder, `${account.name}-`)), 'kubeconfig');
      writeKubeconfig(path, {
        server: options.server ?? server,
        authority,
        user: await freshToken(api, account, options.pod),
      });
      return path;
    },

    async serviceAccountFolder(account) {
      const path = mkdtempSync(join(folder, `${account.name}-`));
      writeFileSync(join(path, 'token'), await freshToken(api, account), { mode: 0o600 });
      writeFileSync(join(path, 'ca.crt'), readFileSync(authority));
      writeFileSync(join(path, 'namespace'), account.namespace);
      return path;
    },
  };
}

interface TokenRequest {
  readonly status: { readonly token: string };
}

async function freshToken(api: Api, { namespace, name }: ServiceAccount, pod?: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const asked = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      expirationSeconds: TOKEN_SECONDS,
      ...(pod !== undefined && { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod } }),
    },
  };
  return (await api.create<TokenRequest>(path, asked)).status.token;
}
