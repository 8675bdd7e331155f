import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whyNoNamespaces } from '../../lab/requirements.ts';
import { cacheFolder } from '../build/tools.ts';
import { existingKubeconfig } from '../existing-cluster.ts';
import { whyNoCluster } from '../requirements.ts';
import { HIDDEN_ON_NODES } from './node-machine.ts';
import { CNI_PLUGINS } from './settings.ts';

const COMMANDS = ['clang', 'curl', 'env', 'ip', 'mount', 'nft', 'runc', 'setpriv', 'tr', 'unshare'];
const PLUGINS = ['ptp', 'host-local', 'loopback'];
const CHECKOUT = fileURLToPath(new URL('../../../../', import.meta.url));

/** What this machine lacks for nodes, as words for the name of a skipped test; undefined when they work here. */
export function whyNoNodes(): string | undefined {
  return whyNoCluster() ?? whyNoNamespaces('nodes', COMMANDS) ?? whyNoPlugins() ?? whyNotSeen() ?? whyNoMounts();
}

/** As {@link whyNoNodes}, for what a test can do to nodes of its own alone. */
export function whyNoOwnNodes(): string | undefined {
  return existingKubeconfig() === undefined
    ? whyNoNodes()
    : 'needs nodes of its own: run it without WEIR_TEST_KUBECONFIG';
}

function whyNoPlugins(): string | undefined {
  const missing = PLUGINS.filter((plugin) => !existsSync(join(CNI_PLUGINS, plugin)));
  return missing.length === 0 ? undefined : `nodes need ${missing.join(', ')} in ${CNI_PLUGINS}`;
}

/** Programs and state are used from inside of a node, too. */
function whyNotSeen(): string | undefined {
  for (const folder of [CHECKOUT, cacheFolder(), tmpdir(), homedir()]) {
    const above = HIDDEN_ON_NODES.find((hidden) => `${folder}/`.startsWith(`${hidden}/`));
    if (above !== undefined) return `nodes hide ${above} and need ${folder}`;
  }
  return undefined;
}

function whyNoMounts(): string | undefined {
  const { status } = spawnSync('unshare', [
    '--mount',
    '--propagation',
    'private',
    'mount',
    '-t',
    'bpf',
    'bpf',
    '/sys/fs/bpf',
  ]);
  return status === 0 ? undefined : 'nodes need permission to mount a BPF file system';
}
