import { run } from '../process/run.ts';

const LIMIT_MILLIS = 180_000;
/** The file is opened here: it need not be seen from the node. */
const IMPORT = 'exec nsenter --mount="/proc/$1/ns/mnt" -- "$2" --namespace k8s.io images import - <"$0"';

/**
 * Gives a node an image; rejects with what containerd says of it.
 *
 * @param machine process whose mount namespace is the node's: containerd's socket is to be found there only
 * @param ctr path of the program
 * @param archive path of a docker or OCI archive
 */
export async function importImage(machine: number, ctr: string, archive: string): Promise<void> {
  const options = { timeoutMillis: LIMIT_MILLIS };
  const { status, stderr } = await run('sh', ['-c', IMPORT, archive, `${machine}`, ctr], options);
  // Warnings come before the reason.
  if (status !== 0) throw new Error(`${archive} was not taken as an image: ${stderr.trim().split('\n').at(-1)}`);
}
