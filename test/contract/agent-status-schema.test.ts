import { expect, test } from 'vitest';
import { agentStatus, type StatusFacts } from '../../src/agent/cluster/status.ts';
import { Totals } from '../../src/agent/cluster/totals.ts';
import { kindFromCrd, makeKind } from '../../src/api/manifest/kinds.ts';
import { toJson } from '../../src/api/manifest/structural.ts';
import { WeirError } from '../../src/lib/errors.ts';
import { canonicalJson } from '../../src/plan/canonical.ts';
import { MAX_PLAN_BYTES } from '../../src/plan/size.ts';
import { readCrd } from '../support/manifests/kinds.ts';
import {
  account,
  agentReport,
  exportAccount,
  plannedCapture,
  plannedExport,
  standing,
} from '../unit/agent/cluster/reports.ts';

/** What an agent reports and what the schema of FlowAgents takes are one thing, held together here. */

/** As written to the subresource: the status counts. */
const FLOW_AGENT = makeKind({ ...kindFromCrd(readCrd('flowagents')), statusSubresource: false });
const NOW = Date.parse('2026-11-25T12:00:00Z');
/** A UTF-16 code unit more than any message may have, in characters of two. */
const LONG = '😀'.repeat(2049);

function faultsOf(parts: Partial<StatusFacts>): string[] {
  const { standing: of = standing(), report = agentReport() } = parts;
  const totals = new Totals();
  totals.begin(of.uid, of.status, report);
  const facts: StatusFacts = {
    version: '0.1.0',
    kernel: { release: '6.18.0', btf: true },
    standing: of,
    refused: new Map(),
    failure: undefined,
    report,
    totals,
    rate: () => 14,
    degraded: undefined,
    ...parts,
  };
  const status = agentStatus(facts, NOW);
  const object = { apiVersion: 'weir.dev/v1alpha1', kind: 'FlowAgent', metadata: { name: of.name } };
  const json = toJson({ ...object, spec: { plan: of.plan }, status });
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('not an object');
  return FLOW_AGENT.admit(json).faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a report that no API server takes is refused here too', () => {
  expect(faultsOf({ version: '0'.repeat(65) })).toEqual([expect.stringMatching(/^status\.version: /)]);
});

test('a report of nothing and one of everything that can be said are legal', () => {
  expect(faultsOf({})).toEqual([]);
  const counts = { observed: 23, exported: 11, inFlight: 12, lastMicros: NOW * 1000 };
  const failure = new WeirError('SinkFailed', LONG);
  const delivered = exportAccount(1, { delivered: 23, backlog: 5, lastDelivered: NOW });
  const captures = [plannedCapture(0), plannedCapture(1, { needs: ['protocol.DNS'] })];
  expect(
    faultsOf({
      standing: standing(captures, [plannedExport(0), plannedExport(1)]),
      refused: new Map([['uid-c1', ['protocol.DNS']]]),
      report: agentReport([account(0, counts), account(7, counts)], [exportAccount(0, { failure }), delivered]),
      degraded: { reason: 'Restarted', message: 'nobody looked' },
    }),
  ).toEqual([]);
});

test('so are all failures of programs, however long their log', () => {
  for (const code of ['Unsupported', 'MissingPrivilege', 'KernelRefused', 'Internal'] as const) {
    const failure = new WeirError(code, `refused\n${LONG}`);
    expect(faultsOf({ standing: standing([plannedCapture(0)]), failure })).toEqual([]);
  }
});

test('so is the report of a full plan beside as many ended captures and exports as are remembered', () => {
  const captures = Array.from({ length: 256 }, (_, index) => plannedCapture(index));
  const accounts = Array.from({ length: 512 }, (_, index) => account(index));
  const targets = Array.from({ length: 1000 }, (_, index) => plannedExport(index));
  const exports = Array.from({ length: 1256 }, (_, index) => exportAccount(index));
  expect(faultsOf({ standing: standing(captures), report: agentReport(accounts) })).toEqual([]);
  const full = standing([], targets);
  // As many as a plan has room for at most.
  expect(Buffer.byteLength(canonicalJson(full.plan))).toBeLessThan(MAX_PLAN_BYTES);
  expect(faultsOf({ standing: full, report: agentReport([], exports) })).toEqual([]);
});
