import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPlatform, type Go } from './go.ts';

interface Source {
  /** Folder beside this one whose go.mod has the versions. */
  readonly module: 'tools' | 'kind';
  /** As `go build` takes it. */
  readonly package: string;
  /** What a build takes on two cores when nothing is cached; for a person who waits. */
  readonly coldSeconds: number;
}

/** Everything that can be built. The times are those of a build in this order: later ones share what the first ones bring. */
const SOURCES = {
  etcd: { module: 'tools', package: 'go.etcd.io/etcd/server/v3', coldSeconds: 55 },
  'kube-apiserver': { module: 'tools', package: 'k8s.io/kubernetes/cmd/kube-apiserver', coldSeconds: 185 },
  'kube-controller-manager': {
    module: 'tools',
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    coldSeconds: 55,
  },
  'kube-scheduler': { module: 'tools', package: 'k8s.io/kubernetes/cmd/kube-scheduler', coldSeconds: 5 },
  kubectl: { module: 'tools', package: 'k8s.io/kubernetes/cmd/kubectl', coldSeconds: 20 },
  kstatus: { module: 'tools', package: './kstatus', coldSeconds: 5 },
  kubelet: { module: 'tools', package: 'k8s.io/kubernetes/cmd/kubelet', coldSeconds: 25 },
  'kube-proxy': { module: 'tools', package: 'k8s.io/kubernetes/cmd/kube-proxy', coldSeconds: 12 },
  containerd: { module: 'tools', package: 'github.com/containerd/containerd/v2/cmd/containerd', coldSeconds: 60 },
  'containerd-shim-runc-v2': {
    module: 'tools',
    package: 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
    coldSeconds: 4,
  },
  ctr: { module: 'tools', package: 'github.com/containerd/containerd/v2/cmd/ctr', coldSeconds: 7 },
  helm: { module: 'tools', package: 'helm.sh/helm/v4/cmd/helm', coldSeconds: 60 },
  kind: { module: 'kind', package: 'sigs.k8s.io/kind', coldSeconds: 20 },
} as const satisfies Record<string, Source>;

export type ToolName = keyof typeof SOURCES;

/** What tests of any cluster run. */
export const CLIENT_TOOLS: readonly ToolName[] = ['kubectl', 'kstatus'];

/** What a control plane of one's own and its tests run. */
export const CLUSTER_TOOLS: readonly ToolName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  ...CLIENT_TOOLS,
];

/** What nodes of one's own run besides. */
export const NODE_TOOLS: readonly ToolName[] = [
  'kubelet',
  'kube-proxy',
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
];

/** One program and how it comes about. */
export interface Tool {
  readonly name: ToolName;
  /** Where the program is once it is built; the folder tells every version and flag apart. */
  readonly path: string;
  readonly moduleFolder: string;
  /** What follows `go build -o PATH`. */
  readonly buildArguments: readonly string[];
  readonly coldSeconds: number;
}

export function toolsOf(go: Go, names: readonly ToolName[]): readonly Tool[] {
  return names.map((name) => {
    const source: Source = SOURCES[name];
    const moduleFolder = fileURLToPath(new URL(`../${source.module}`, import.meta.url));
    const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', linkerFlags(moduleFolder)];
    const buildArguments = [...flags, source.package];
    const texts = sourceTexts(moduleFolder, source.package);
    const key = fingerprint([buildPlatform(go, moduleFolder), ...buildArguments, ...texts]);
    const path = join(cacheFolder(), 'tools', `${name}-${key}`, name);
    return { name, path, moduleFolder, buildArguments, coldSeconds: source.coldSeconds };
  });
}

/** Outside every checkout, so that all checkouts share what takes minutes to build. */
export function cacheFolder(): string {
  const { WEIR_CACHE, XDG_CACHE_HOME } = process.env;
  return WEIR_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'weir');
}

/** Without these flags, Kubernetes calls itself v0.0.0; the version is the one that the go.mod requires. */
function linkerFlags(moduleFolder: string): string {
  const goMod = readFileSync(join(moduleFolder, 'go.mod'), 'utf8');
  const [, version, major, minor] = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\S*)/m.exec(goMod) ?? [];
  if (version === undefined) return '-s -w';
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const settings = Object.entries(variables).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ['-s -w', ...settings].join(' ');
}

/** The files of this repository that decide what is built: versions, checksums, and the program's own text if it has one here. */
function sourceTexts(moduleFolder: string, packagePath: string): readonly string[] {
  const own = packagePath.startsWith('./') ? readdirSync(join(moduleFolder, packagePath)).toSorted() : [];
  const paths = ['go.mod', 'go.sum', ...own.map((file) => join(packagePath, file))];
  return paths.map((path) => readFileSync(join(moduleFolder, path), 'utf8'));
}

function fingerprint(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}
