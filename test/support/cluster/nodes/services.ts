import { dirname, join } from 'node:path';
import type { ToolPath } from '../control-plane/control-plane.ts';
import { nodeAddress } from './addresses.ts';
import type { Machine } from './machine.ts';
import { Service } from './service.ts';
import { type NodeFacts, nodeLayout } from './settings.ts';

const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const KUBELET_HEALTH = 'http://127.0.0.1:10248/healthz';
const PROXY_HEALTH = 'http://127.0.0.1:10256/livez';

export interface Services {
  readonly containerd: Service;
  readonly kubelet: Service;
  readonly kubeProxy: Service;
}

/** The programs of a node on its machine, none of them started. */
export function servicesOf(node: NodeFacts, machine: Machine, tool: ToolPath): Services {
  const layout = nodeLayout(node.folder);
  const run = (name: string, argv: readonly string[]) =>
    machine.daemon(`${name} of ${node.name}`, argv, join(node.folder, `${name}.log`));
  const answers = (url: string) => machine.runOrThrow(['curl', '--silent', '--show-error', '--fail', url]);
  // containerd finds its shim by the PATH.
  const withShim = ['env', `PATH=${dirname(tool('containerd-shim-runc-v2'))}:${SYSTEM_PATH}`];

  return {
    containerd: new Service({
      name: `containerd of ${node.name}`,
      run: () => run('containerd', [...withShim, tool('containerd'), '--config', layout.containerd]),
      answers: () => machine.runOrThrow([tool('ctr'), 'version']),
    }),
    kubelet: new Service({
      name: `kubelet of ${node.name}`,
      run: () =>
        run('kubelet', [
          tool('kubelet'),
          `--config=${layout.kubelet}`,
          `--kubeconfig=${layout.kubeletKubeconfig}`,
          `--hostname-override=${node.name}`,
          `--node-ip=${nodeAddress(node.number)}`,
        ]),
      answers: () => answers(KUBELET_HEALTH),
    }),
    kubeProxy: new Service({
      name: `kube-proxy of ${node.name}`,
      run: () => run('kube-proxy', [tool('kube-proxy'), `--config=${layout.proxy}`]),
      answers: () => answers(PROXY_HEALTH),
    }),
  };
}
