import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../lib/errors.ts';
import type { Credentials, CurrentCredentials } from './transport.ts';

/** The kubelet renews the token long before it expires; an old one would be refused one day. */
const READ_AGAIN_MILLIS = 60_000;

/**
 * A pod's own credentials, as the kubelet mounts them: for programs that must not carry a whole client library.
 *
 * @param folder /var/run/secrets/kubernetes.io/serviceaccount in a pod.
 * @param clock ms since some instant; never steps.
 */
export function serviceAccountCredentials(folder: string, server: URL, clock: () => number): Credentials {
  let known: { readonly at: number; readonly value: CurrentCredentials } | undefined;
  return {
    server,
    async current() {
      if (known !== undefined && clock() - known.at < READ_AGAIN_MILLIS) return known.value;
      // At once: they lie in memory, and a file operation of somebody else that hangs must not hold them up.
      const [token, ca] = [read(folder, 'token'), read(folder, 'ca.crt')];
      const value = { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
      known = { at: clock(), value };
      return value;
    },
    renew() {
      known = undefined;
    },
  };
}

function read(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch (cause) {
    throw new WeirError(
      'InvalidInput',
      `cannot read the service account's ${name} in ${folder}: is its token mounted?`,
      {
        cause,
      },
    );
  }
}
