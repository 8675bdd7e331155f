import { spawnSync } from 'node:child_process';
import { Lab } from '../../test/support/lab/lab.ts';
import type { Pod } from '../../test/support/lab/pod.ts';
import { whyNoLab } from '../../test/support/lab/requirements.ts';
import type { AgentSetup } from './agent-process.ts';
import { agentSetup } from './agent-setup.ts';
import { startNginx } from './web.ts';

/** A client and a server that talk over loopback in one namespace of their own. */
export interface WebPair {
  readonly client: Pod;
  readonly port: number;
}

/** Whose processes the two are: pods that the capture selects, pods that it does not, or no pods at all. */
export interface WebLab extends AsyncDisposable {
  /** A directory that goes away with the lab. */
  readonly temporary: string;
  readonly selected: WebPair;
  readonly unselected: WebPair;
  readonly outside: WebPair;
  /** A capture that selects the first pair. */
  readonly setup: AgentSetup;
}

const COMMANDS = ['nginx', 'wrk', 'curl', 'make', 'clang'];

/** Throws with what is missing when this machine cannot run the bench. */
export async function startWebLab(): Promise<WebLab> {
  const why = whyNoLab() ?? missingCommands();
  if (why !== undefined)
    throw new Error(`this bench cannot run here: ${why} (scripts/setup bench installs nginx and wrk)`);
  const lab = await Lab.create('bench');
  try {
    const netns = await lab.netns('web');
    await netns.sysctl({ 'net.ipv4.tcp_max_syn_backlog': 4096, 'net.core.somaxconn': 4096 });
    await netns.allowAllPorts();
    const pair = async (name: string, port: number, cgroup?: string) => {
      const place = { netns, ...(cgroup !== undefined && { cgroup }) };
      const [client, server] = [await lab.pod(`${name}-client`, place), await lab.pod(`${name}-server`, place)];
      await startNginx(server, lab.temporary, port);
      return { client, server, port };
    };
    const selected = await pair('selected', 8081);
    const unselected = await pair('unselected', 8082);
    const outside = await pair('outside', 8083, 'system.slice/web.service');
    const pods = [selected, unselected].flatMap(({ client, server }) => [client, server]);
    return {
      temporary: lab.temporary,
      selected,
      unselected,
      outside,
      setup: agentSetup(pods, [selected.client, selected.server]),
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

function missingCommands(): string | undefined {
  const missing = COMMANDS.filter((command) => spawnSync('sh', ['-c', 'command -v "$0"', command]).status !== 0);
  return missing.length === 0 ? undefined : `it needs ${missing.join(', ')}`;
}
