import { writeKubeconfig } from '../kubeconfig.ts';
import type { Identity, Pki } from '../pki.ts';
import { nodeAddress } from './addresses.ts';
import { type NodeFacts, nodeLayout } from './settings.ts';

/**
 * Makes the kubeconfigs of a node's programs. Resolves with the kubelet's certificate, by which it also serves.
 *
 * @param server the API server as nodes reach it
 */
export async function makeNodeCredentials(pki: Pki, server: string, node: NodeFacts): Promise<Identity> {
  const { number, name, folder } = node;
  const layout = nodeLayout(folder);
  const alternativeNames = [`DNS:${name}`, `IP:${nodeAddress(number)}`];
  const kubeletName = { commonName: `system:node:${name}`, organisation: 'system:nodes', alternativeNames };
  const [kubelet, proxy] = await Promise.all([
    pki.issue(`${name}-kubelet`, kubeletName),
    pki.issue(`${name}-kube-proxy`, { commonName: 'system:kube-proxy' }),
  ]);
  const { authority } = pki;
  writeKubeconfig(layout.kubeletKubeconfig, { server, authority, user: kubelet });
  writeKubeconfig(layout.proxyKubeconfig, { server, authority, user: proxy });
  return kubelet;
}
