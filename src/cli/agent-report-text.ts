import type { AgentReport } from '../agent/lifecycle.ts';
import { ledgerText } from '../export/ledger-text.ts';

/** The ledger per capture, then what concerns no capture in particular and is not zero, each with what it means. */
export function agentReportText({ accounts, node }: AgentReport): string {
  const notes: readonly (readonly [number, string])[] = [
    [node.openConnections, 'connections were still open: what they had carried until then is counted'],
    [node.takenOver, 'connections were older than the capture: they are counted from its beginning on'],
    [node.postponed, 'times a live connection was reported later, for want of room in the ring'],
    [node.joinMissed, 'connections had both ends here, but only one end learned of the other'],
    [node.joinAmbiguous, 'records shared a flow.id with more than one other: not joined'],
    [node.notSelected + node.unselected, 'connections were watched until it was known that no capture selects them'],
    [node.ownerUnknown, 'connections had an owner that was gone before it was known: a capture may have wanted them'],
    [node.foreign, 'connections were those of pods of another node, which shares this kernel'],
    [node.lostUnknown, 'connections were lost before it was known whose they are'],
    [node.missedStateChanges, 'state changes were not seen: the kernel was busy with another one on the same CPU'],
    [node.malformed, 'records could not be read: the kernel program and this program differ; run scripts/setup'],
    [node.faulty, 'records could not be handled: what was said during the capture has the cause'],
    [node.cgroupsOmitted, 'cgroups are not known: there are too many of them, or they are nested too deep'],
    [node.selectionOmitted, 'cgroups did not fit into the kernel: their connections were decided about afterwards'],
    [node.peersOmitted, 'lists of peers did not fit into the kernel: what they exclude was decided about afterwards'],
    [node.setOverflows, 'times a pod was selected by a combination of captures that the kernel had no number left for'],
  ];
  const told = notes.filter(([count]) => count > 0).map(([count, meaning]) => `  ${count} ${meaning}\n`);
  const ringFull = accounts.some(({ lost }) => lost.ringFull > 0);
  const advice = ringFull ? ['  ringFull: the ring was too small for the burst; raise --ring-mebibytes\n'] : [];
  return `\n${ledgerText(accounts)}${[...told, ...advice].join('')}`;
}
