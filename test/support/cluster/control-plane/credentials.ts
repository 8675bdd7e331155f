import { writeKubeconfig } from '../kubeconfig.ts';
import { type Identity, Pki } from '../pki.ts';
import { layoutOf } from './layout.ts';

export const SERVICE_ADDRESSES = '198.19.0.0/24';

/** Names and addresses by which clients call the API server; the last address is the first of the Services'. */
const SERVER_NAMES = [
  'DNS:localhost',
  'DNS:kubernetes',
  'DNS:kubernetes.default',
  'DNS:kubernetes.default.svc',
  'IP:127.0.0.1',
  'IP:198.19.0.1',
];

export interface Credentials {
  readonly authority: string;
  readonly serving: Identity;
  /** The API server, for kubelets. */
  readonly kubeletClient: Identity;
  readonly tokens: { readonly privateKey: string; readonly publicKey: string };
}

/**
 * Makes every certificate and kubeconfig of a control plane, in a fresh work folder.
 *
 * @param address by which others than those on loopback call the API server
 */
export async function makeCredentials(
  folder: string,
  server: string,
  address: string | undefined,
): Promise<Credentials> {
  const layout = layoutOf(folder);
  const pki = await Pki.create(layout.pki);
  const kubeconfig = async (path: string, name: string, commonName: string, organisation?: string) => {
    const subject = organisation === undefined ? { commonName } : { commonName, organisation };
    writeKubeconfig(path, { server, authority: pki.authority, user: await pki.issue(name, subject) });
  };
  const alternativeNames = address === undefined ? SERVER_NAMES : [...SERVER_NAMES, `IP:${address}`];
  const kubeletClientName = { commonName: 'kube-apiserver-kubelet-client', organisation: 'system:masters' };
  const [serving, kubeletClient, tokens] = await Promise.all([
    pki.issue('kube-apiserver', { commonName: 'kube-apiserver', alternativeNames }),
    pki.issue('kubelet-client', kubeletClientName),
    pki.tokenKeys(),
    kubeconfig(layout.admin, 'admin', 'admin', 'system:masters'),
    kubeconfig(layout.controllerManager, 'kube-controller-manager', 'system:kube-controller-manager'),
    kubeconfig(layout.scheduler, 'kube-scheduler', 'system:kube-scheduler'),
  ]);
  return { authority: pki.authority, serving, kubeletClient, tokens };
}
