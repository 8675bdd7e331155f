import { describe, expect, it } from 'vitest';
import type { AgentReport } from '../../../src/agent/lifecycle.ts';
import { agentReportText } from '../../../src/cli/agent-report-text.ts';
import { NOTHING_FILTERED, NOTHING_LOST } from '../export/counts.ts';

const QUIET: AgentReport['node'] = {
  joined: 23,
  joinMissed: 0,
  joinAmbiguous: 0,
  unselected: 0,
  postponed: 0,
  takenOver: 0,
  lostUnknown: 0,
  missedStateChanges: 0,
  openConnections: 0,
  malformed: 0,
  faulty: 0,
  notSelected: 0,
  ownerUnknown: 0,
  foreign: 0,
  cgroupsOmitted: 0,
  selectionOmitted: 0,
  peersOmitted: 0,
  setOverflows: 0,
};

function report(lost: Partial<typeof NOTHING_LOST> = {}, node: Partial<AgentReport['node']> = {}): AgentReport {
  const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
  const account = {
    index: 0,
    capture: 'shop/checkout',
    uid: undefined,
    observed: 46,
    redelivered: 0,
    exported: 46 - losses,
    sampledOut: 0,
    filtered: NOTHING_FILTERED,
    lost: { ...NOTHING_LOST, ...lost },
    inFlight: 0,
    unaccounted: 0,
    lastMicros: 0,
  };
  return { accounts: [account], exports: [], crowdedOut: [], reportWalk: 'storage', node: { ...QUIET, ...node } };
}

describe('the report at the end', () => {
  it('is the ledger alone when there is nothing else to say', () => {
    expect(agentReportText(report())).toBe(`
CAPTURE        OBSERVED  EXPORTED  FILTERED  SAMPLED OUT  LOST
shop/checkout        46        46         0            0     0
balanced: observed = exported + filtered + sampled out + lost, for every capture
`);
  });

  it('says below it, with what each means, what concerns no capture in particular', () => {
    const node = {
      openConnections: 1,
      joinMissed: 2,
      joinAmbiguous: 3,
      notSelected: 4,
      unselected: 40,
      takenOver: 13,
      postponed: 14,
      lostUnknown: 5,
      missedStateChanges: 6,
      malformed: 7,
      faulty: 8,
      ownerUnknown: 9,
      cgroupsOmitted: 10,
      selectionOmitted: 11,
      peersOmitted: 15,
      setOverflows: 12,
    };
    expect(agentReportText(report({ ringFull: 6, sinkFailed: 1 }, node))).toBe(`
CAPTURE        OBSERVED  EXPORTED  FILTERED  SAMPLED OUT  LOST
shop/checkout        46        39         0            0     7
  lost: ringFull 6, sinkFailed 1
balanced: observed = exported + filtered + sampled out + lost, for every capture
  1 connections were still open: what they had carried until then is counted
  13 connections were older than the capture: they are counted from its beginning on
  14 times a live connection was reported later, for want of room in the ring
  2 connections had both ends here, but only one end learned of the other
  3 records shared a flow.id with more than one other: not joined
  44 connections were watched until it was known that no capture selects them
  9 connections had an owner that was gone before it was known: a capture may have wanted them
  5 connections were lost before it was known whose they are
  6 state changes were not seen: the kernel was busy with another one on the same CPU
  7 records could not be read: the kernel program and this program differ; run scripts/setup
  8 records could not be handled: what was said during the capture has the cause
  10 cgroups are not known: there are too many of them, or they are nested too deep
  11 cgroups did not fit into the kernel: their connections were decided about afterwards
  15 lists of peers did not fit into the kernel: what they exclude was decided about afterwards
  12 times a pod was selected by a combination of captures that the kernel had no number left for
  ringFull: the ring was too small for the burst; raise --ring-mebibytes
`);
  });
});
