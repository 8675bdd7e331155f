import type { Standing } from '../../../../src/agent/cluster/standing.ts';
import type { ExportAccount } from '../../../../src/agent/export/exports.ts';
import type { AgentReport } from '../../../../src/agent/lifecycle.ts';
import type { PlannedCapture, PlannedExport } from '../../../../src/api/types.generated.ts';
import type { Account } from '../../../../src/export/ledger.ts';
import { NOTHING_FILTERED, NOTHING_LOST } from '../../export/counts.ts';

/** The shortest way to write what an agent has counted, and the FlowAgent that it counts for. */

/** What the ledger says of the capture with that index; uid and name are made from it. */
export function account(index: number, parts: Partial<Account> = {}): Account {
  return {
    index,
    capture: `shop/c${index}`,
    uid: `uid-c${index}`,
    observed: 0,
    redelivered: 0,
    exported: 0,
    sampledOut: 0,
    filtered: NOTHING_FILTERED,
    lost: NOTHING_LOST,
    inFlight: 0,
    unaccounted: 0,
    lastMicros: 0,
    ...parts,
  };
}

export function exportAccount(index: number, parts: Partial<ExportAccount> = {}): ExportAccount {
  return {
    index,
    name: `ops/x${index}`,
    uid: `uid-x${index}`,
    delivered: 0,
    dropped: 0,
    backlog: 0,
    lastDelivered: 0,
    failure: undefined,
    ...parts,
  };
}

export function agentReport(accounts: readonly Account[] = [], exports: readonly ExportAccount[] = []): AgentReport {
  return {
    accounts,
    exports,
    crowdedOut: [],
    reportWalk: 'storage',
    node: {
      joined: 0,
      joinMissed: 0,
      joinAmbiguous: 0,
      unselected: 0,
      postponed: 0,
      takenOver: 0,
      lostUnknown: 0,
      missedStateChanges: 0,
      openConnections: 0,
      malformed: 0,
      notSelected: 0,
      ownerUnknown: 0,
      foreign: 0,
      cgroupsOmitted: 0,
      selectionOmitted: 0,
      peersOmitted: 0,
      setOverflows: 0,
      faulty: 0,
    },
  };
}

/** As an operator of this version writes it; uid and name are those of the account with that index. */
export function plannedCapture(index: number, parts: Partial<PlannedCapture> = {}): PlannedCapture {
  return {
    index,
    name: `shop/c${index}`,
    uid: `uid-c${index}`,
    generation: 3,
    namespaces: { name: 'shop' },
    podSelector: {},
    protocols: ['TCP'],
    needs: ['protocol.TCP'],
    programs: ['tcp'],
    exports: [],
    ...parts,
  };
}

export function plannedExport(index: number): PlannedExport {
  return { index, name: `ops/x${index}`, uid: `uid-x${index}`, generation: 1, spec: { stdout: {} } };
}

/** The FlowAgent of node n1, whose plan has these captures and exports. */
export function standing(
  captures: readonly PlannedCapture[] = [],
  exports: readonly PlannedExport[] = [],
  parts: Partial<Standing> = {},
): Standing {
  const programs = [...new Set(captures.flatMap((capture) => capture.programs))];
  const plan = { hash: 'a'.repeat(64), node: 'n1', reportSeconds: 10, programs, captures: [...captures] };
  return {
    name: 'n1',
    uid: 'uid-n1',
    generation: 5,
    plan: { ...plan, exports: [...exports] },
    status: {},
    reportedAt: undefined,
    ...parts,
  };
}
