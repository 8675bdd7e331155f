import type { Cluster, KubectlOptions } from './cluster.ts';

/** Runs kubectl as admin; resolves with what it wrote to standard output. @throws Error with what it said, when it fails */
export async function kubectl(
  cluster: Cluster,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await cluster.kubectl(args, options);
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')} ended with status ${status}: ${stderr}`);
  return stdout;
}
