import type { FlowCapture } from '../../../src/api/types.generated.ts';
import type { Cluster } from '../../../test/support/cluster/cluster.ts';
import { eventually } from '../../../test/support/cluster/eventually.ts';
import { OPERATOR_NAMESPACE, type World } from '../../../test/support/operator/world.ts';
import type { FlowJson } from '../checks.ts';

/** The capture and its export, as a person starts from them. */
export const SAMPLE = 'config/samples/checkout.yaml';
/** A capture that is legal and selects nothing: somebody mistyped. */
export const TYPO = `apiVersion: weir.dev/v1alpha1
kind: FlowCapture
metadata:
  name: typo
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: chekcout
  exports:
    - { name: terminal, namespace: weir-system }
`;
/** Both, in namespace shop. */
const CAPTURES = { checkout: 'NoFlowsYet', typo: 'NoPodsMatched' } as const;
export type CaptureName = keyof typeof CAPTURES;
export type CaptureStatus = NonNullable<FlowCapture['status']>;

/** Reports come every 10 s, and this machine may do much else. */
const REPORT_MILLIS = 60_000;
const AGENTS = 'app.kubernetes.io/component=agent';

/** Applies both captures and the export; resolves when every node obeys and the status of each says so. */
export async function applyCaptures(cluster: Cluster, world: World): Promise<void> {
  await world.kubectl('apply', '-f', SAMPLE);
  const { status, stderr } = await cluster.kubectl(['apply', '-f', '-'], { input: TYPO });
  if (status !== 0) throw new Error(`kubectl apply: ${stderr}`);
  for (const [name, reason] of Object.entries(CAPTURES)) {
    await eventually(
      async () => {
        const ready = readyOf((await world.getCapture(`shop/${name}`)).status);
        if (ready?.reason !== reason) throw new Error(`${ready?.reason}: ${ready?.message}`);
      },
      { what: `shop/${name} is in force`, timeoutMillis: REPORT_MILLIS },
    );
  }
}

/** Resolves with the status of a capture when so many of its flows, at least, are accounted for. */
export async function accountOf(world: World, name: CaptureName, flows: number): Promise<CaptureStatus> {
  return eventually(
    async () => {
      const { status } = await world.getCapture(`shop/${name}`);
      const { exported = 0, filtered = 0, sampledOut = 0, lost = 0 } = status?.flows ?? {};
      const accounted = exported + filtered + sampledOut + lost;
      if (status === undefined || accounted < flows) throw new Error(`${accounted} of ${flows}`);
      return status;
    },
    { what: `the flows of shop/${name} are reported`, timeoutMillis: REPORT_MILLIS },
  );
}

/** Every record that the agents have printed, of both nodes; resolves when there are so many at least. */
export async function printedRecords(world: World, least: number): Promise<readonly FlowJson[]> {
  return eventually(
    async () => {
      const logs = await world.kubectl('logs', '-n', OPERATOR_NAMESPACE, '-l', AGENTS, '--tail=-1');
      const lines = logs.split('\n').filter((line) => line !== '');
      // A container has one log for its two outputs; only records have an observer.
      const records = lines.map((line): FlowJson => JSON.parse(line)).filter((line) => line['observer'] !== undefined);
      if (records.length < least) throw new Error(`${records.length} of ${least}`);
      return records;
    },
    { what: "the records are in the agents' logs", timeoutMillis: REPORT_MILLIS },
  );
}

function readyOf(status: FlowCapture['status']) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}
