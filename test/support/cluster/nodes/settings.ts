import { join } from 'node:path';
import { PAUSE_IMAGE } from '../images/images.ts';
import type { Identity } from '../pki.ts';
import { nodeAddress, POD_ADDRESSES, podSubnet } from './addresses.ts';

/** Where Debian's package containernetworking-plugins has them. */
export const CNI_PLUGINS = '/usr/lib/cni';

/** One node, as its programs' settings need it. */
export interface NodeFacts {
  /** From 1. */
  readonly number: number;
  readonly name: string;
  /** The node's own folder. */
  readonly folder: string;
  /** cgroup below which its pods are, relative to the mount of each hierarchy. */
  readonly podsCgroup: string;
}

/** Where a node's files lie below its folder. */
export function nodeLayout(folder: string) {
  return {
    /** What the node has at /var/lib and /var/log. */
    varLib: join(folder, 'var-lib'),
    varLog: join(folder, 'var-log'),
    /** A file for each of SYSCTLS, by its name. */
    sysctls: join(folder, 'sysctls'),
    cni: join(folder, 'cni'),
    /** Pods that the kubelet runs by itself. */
    staticPods: join(folder, 'static-pods'),
    containerd: join(folder, 'containerd.toml'),
    kubelet: join(folder, 'kubelet.json'),
    kubeletKubeconfig: join(folder, 'kubelet.kubeconfig'),
    proxy: join(folder, 'kube-proxy.json'),
    proxyKubeconfig: join(folder, 'kube-proxy.kubeconfig'),
  };
}

/** What a kubelet demands of the whole machine: each node sees a file of its own in the place of the setting. */
export const SYSCTLS = {
  'vm.overcommit_memory': 1,
  'vm.panic_on_oom': 0,
  'kernel.panic': 10,
  'kernel.panic_on_oops': 1,
  'kernel.keys.root_maxkeys': 1_000_000,
  'kernel.keys.root_maxbytes': 25_000_000,
};

/** @param runc absolute path of the program */
export function containerdSettings({ folder }: NodeFacts, runc: string): string {
  return `version = 3
oom_score = 0

[plugins.'io.containerd.cri.v1.runtime']
  # Root of a container may lack CAP_SYS_RESOURCE, without which no score can be lowered.
  restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = '${runc}'
  SystemdCgroup = false

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['${CNI_PLUGINS}']
  conf_dir = '${nodeLayout(folder).cni}'

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${PAUSE_IMAGE}'
`;
}

/** Each pod has a link of its own to the node, no bridge: so a Service is reached from a pod of the same node, too. */
export function podNetworkSettings({ number }: NodeFacts): object {
  const ipam = {
    type: 'host-local',
    dataDir: '/run/cni-ipam',
    ranges: [[{ subnet: podSubnet(number) }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'ptp', ipMasq: false, ipam }] };
}

export function kubeletSettings(node: NodeFacts, authority: string, serving: Identity): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.podsCgroup}`,
    staticPodPath: nodeLayout(node.folder).staticPods,
    // On machines that have cgroup v1, or swap, or a disk that is nearly full, tests run as well.
    failCgroupV1: false,
    failSwapOn: false,
    evictionHard: {},
    makeIPTablesUtilChains: false,
    // There is no DNS.
    resolvConf: '',
    readOnlyPort: 0,
    healthzBindAddress: '127.0.0.1',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: authority },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    // That a node is gone is known within seconds.
    nodeLeaseDurationSeconds: 4,
    nodeStatusUpdateFrequency: '2s',
  };
}

export function proxySettings({ number, name, folder }: NodeFacts): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: nodeLayout(folder).proxyKubeconfig },
    mode: 'nftables',
    hostnameOverride: name,
    bindAddress: nodeAddress(number),
    clusterCIDR: POD_ADDRESSES,
    healthzBindAddress: '127.0.0.1:10256',
    // Those are settings of the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}
