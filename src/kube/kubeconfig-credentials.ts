import type { RequestOptions } from 'node:https';
import { WeirError } from '../lib/errors.ts';
import type { Credentials } from './transport.ts';

/**
 * Credentials as kubectl has them: from a file, else from $KUBECONFIG or ~/.kube/config, else those of the pod. Loads the
 * client library, which an agent must not.
 *
 * @throws WeirError InvalidInput when there are none, or the file is no kubeconfig.
 */
export async function kubeconfigCredentials(file: string | undefined): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (cause) {
    const where = file ?? 'the default kubeconfig';
    throw new WeirError(
      'InvalidInput',
      `cannot use ${where}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new WeirError(
      'InvalidInput',
      'there is no current context in the kubeconfig: kubectl config use-context sets one',
    );
  }
  return {
    server: new URL(cluster.server),
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
    renew: () => undefined,
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function textHeaders(headers: NonNullable<RequestOptions['headers']>): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
  );
  return Object.fromEntries(entries);
}
