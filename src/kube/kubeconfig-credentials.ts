import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { WeirError } from '../lib/errors.ts';
import type { Credentials } from './transport.ts';

/** What the client library makes up where it finds nothing; kubectl does the same, and then says that nobody answers there. */
const MADE_UP_CONTEXT = 'loaded-context';

/**
 * Credentials as kubectl has them: from a file, else from $KUBECONFIG or ~/.kube/config, else those of the pod. Loads the
 * client library, which an agent must not.
 *
 * @throws WeirError InvalidInput when there are none, or the file is no kubeconfig, or says what is not honoured here.
 */
export async function kubeconfigCredentials(file: string | undefined): Promise<Credentials> {
  const library = await import('@kubernetes/client-node');
  const load = () => loaded(new library.KubeConfig(), file);
  let config = load();
  return {
    server: serverOf(config),
    async current() {
      // It runs exec plugins and reads token files anew when they have expired.
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { ca, cert, key, servername, rejectUnauthorized, headers = {}, auth } = options;
      const basic = typeof auth !== 'string' ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
      return {
        headers: { ...basic, ...textHeaders(headers) },
        tls: {
          ...(isPem(ca) && { ca }),
          ...(isPem(cert) && { cert }),
          ...(isPem(key) && { key }),
          ...(servername !== undefined && { servername }),
          ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
        },
      };
    },
    renew() {
      // Somebody may have written a new token into the file; what a plugin has said before is forgotten, too.
      try {
        config = load();
      } catch {
        // It is just being written: the next refusal comes here again.
      }
    },
  };
}

function loaded(config: KubeConfig, file: string | undefined): KubeConfig {
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (cause) {
    const where = file ?? 'the default kubeconfig';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('InvalidInput', `cannot use ${where}: ${why}`, { cause });
  }
  if (file === undefined && config.getCurrentContext() === MADE_UP_CONTEXT) {
    throw new WeirError(
      'InvalidInput',
      'there is no kubeconfig: set $KUBECONFIG, or write ~/.kube/config, or run it in a pod',
    );
  }
  // The library wants this to be said before it speaks HTTP, as to `kubectl proxy`; there is no TLS then to skip anything of.
  config.clusters = config.clusters.map((cluster) =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  return config;
}

function serverOf(config: KubeConfig): URL {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new WeirError(
      'InvalidInput',
      'there is no current context in the kubeconfig: kubectl config use-context sets one',
    );
  }
  if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== null) {
    throw new WeirError(
      'InvalidInput',
      "the kubeconfig's proxy-url is not honoured: name a server that is reached without it",
    );
  }
  const server = URL.parse(cluster.server);
  if (server === null) throw new WeirError('InvalidInput', `the kubeconfig's server is no URL: ${cluster.server}`);
  return server;
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function textHeaders(headers: NonNullable<RequestOptions['headers']>): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    // A token file may end with a line end, a header may not.
    typeof value === 'string' ? [[name.toLowerCase(), value.trim()]] : [],
  );
  return Object.fromEntries(entries);
}
