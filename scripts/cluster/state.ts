import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { startTime } from '../../test/support/cluster/process/start-time.ts';
import { removeFolder } from '../../test/support/cluster/process/work-folder.ts';

/** What runs a person's cluster: processes of this project, or kind. */
export type Provider = 'processes' | 'kind';

/** What a person has asked for. */
export interface Wish {
  readonly provider: Provider;
  /** Real nodes beside those that the provider brings by itself: kind has one, processes none. */
  readonly nodes: number;
}

export interface ClusterState extends Wish {
  /** The process without which it is not whole: the one that starts it; then, with processes, the one that holds them. */
  readonly owner: { readonly pid: number; readonly startTime: string };
  readonly ready: boolean;
  /** Of each node, the process that holds its namespaces; empty with kind. */
  readonly machines: readonly number[];
  readonly since: string;
}

/** `starting`: another process is at it. `broken`: its owner is gone, what is left is of no use. */
export type Situation =
  | { readonly is: 'down' }
  | { readonly is: 'starting' | 'up' | 'broken'; readonly state: ClusterState };

/** The one cluster that a person has on this machine; everything of it lies in one folder. */
export class StateFolder {
  readonly path: string;

  constructor(path = defaultPath()) {
    this.path = path;
  }

  /** Stays the same from one cluster to the next. */
  get kubeconfig(): string {
    return join(this.path, 'kubeconfig');
  }

  get log(): string {
    return join(this.path, 'keeper.log');
  }

  situation(): Situation {
    const state = this.#read();
    if (state === undefined) return { is: 'down' };
    const { owner, ready, provider } = state;
    const owned = startTime(owner.pid) === owner.startTime;
    // kind's nodes are containers, which outlive the process that made them.
    if (ready) return { is: owned || provider === 'kind' ? 'up' : 'broken', state };
    return { is: owned ? 'starting' : 'broken', state };
  }

  /** Makes the folder with this process as the owner; false when it is there already. The folder is never seen empty. */
  claim(wish: Wish): boolean {
    mkdirSync(dirname(this.path), { recursive: true });
    const fresh = mkdtempSync(`${this.path}-`);
    writeState(fresh, wish, { ready: false });
    try {
      renameSync(fresh, this.path);
      return true;
    } catch {
      removeFolder(fresh);
      return false;
    }
  }

  /** This process is the owner from now on, and the cluster is ready. */
  markReady(wish: Wish, machines: readonly number[]): void {
    writeState(this.path, wish, { ready: true, machines });
  }

  remove(): void {
    removeFolder(this.path);
  }

  #read(): ClusterState | undefined {
    try {
      return JSON.parse(readFileSync(join(this.path, STATE_FILE), 'utf8'));
    } catch {
      return undefined;
    }
  }
}

const STATE_FILE = 'state.json';

function defaultPath(): string {
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'weir', 'cluster');
}

interface Progress {
  readonly ready: boolean;
  readonly machines?: readonly number[];
}

/** By a rename: a reader sees the old state or the new one. */
function writeState(folder: string, wish: Wish, { ready, machines = [] }: Progress): void {
  const owner = { pid: process.pid, startTime: startTime(process.pid) ?? '' };
  const state: ClusterState = { ...wish, owner, ready, machines, since: new Date().toISOString() };
  const [path, fresh] = [join(folder, STATE_FILE), join(folder, `${STATE_FILE}.new`)];
  writeFileSync(fresh, `${JSON.stringify(state)}\n`);
  renameSync(fresh, path);
}
