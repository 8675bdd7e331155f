import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { startTopology } from '../../scripts/demo/topology.ts';
import { runTraffic } from '../../scripts/demo/traffic.ts';
import { cgroup2Mount } from '../support/lab/cgroup2.ts';
import { whyNoLab } from '../support/lab/requirements.ts';

const missing = whyNoLab();
const may = missing === undefined || process.env['CI'] === 'true';

it.runIf(may)(
  `the demo's pods answer each other through NAT, and their inventory tells the truth${missing === undefined ? '' : ` (${missing})`}`,
  async () => {
    await using topology = await startTopology();
    const { pods } = topology;
    const objects: readonly unknown[] = parseAllDocuments(readFileSync(topology.inventoryFile, 'utf8')).map(
      (document) => document.toJS(),
    );
    expect(objects).toHaveLength(7);
    expect(objects).toContainEqual(
      expect.objectContaining({
        kind: 'Pod',
        metadata: expect.objectContaining({
          name: 'payments-7f8c9d6b5d-h2n8w',
          uid: pods.payments.uid,
          annotations: { 'weir.dev/cgroup': `/${pods.payments.podCgroup}` },
        }),
        status: expect.objectContaining({ podIPs: [{ ip: '198.18.12.2' }, { ip: 'fd00:198:18:12::2' }] }),
      }),
    );
    const server = readFileSync(
      join(cgroup2Mount(), pods.payments.podCgroup, pods.payments.containerId, 'cgroup.procs'),
      'utf8',
    );
    const command = readFileSync(`/proc/${server.trim()}/cmdline`, 'utf8').split('\0');
    expect(command.slice(1, 3)).toEqual([expect.stringMatching(/server\.ts$/), '8080']);

    expect(await runTraffic(topology)).toEqual([
      { client: 'checkoutOne', service: 'payments', requests: 7, bodyBytes: 7 * 1009 },
      { client: 'checkoutTwo', service: 'payments', requests: 11, bodyBytes: 11 * 1009 },
      { client: 'reporting', service: 'archive', requests: 5, bodyBytes: 5 * 1009 },
    ]);
  },
);
