import { escapeForTerminal } from '../lib/escape.ts';
import { displayWidth, pad } from '../lib/width.ts';
import { type Account, sum } from './ledger.ts';

const TITLES = ['CAPTURE', 'OBSERVED', 'EXPORTED', 'FILTERED', 'SAMPLED OUT', 'LOST'];
const GAP = '  ';

/**
 * The ledger for a person: a row per capture, below it the reasons that are not zero, and as the last line `balanced`
 * or what is missing. For accounts of after a drain.
 */
export function ledgerText(accounts: readonly Account[]): string {
  const rows = accounts.map((account) => [
    escapeForTerminal(account.capture),
    ...[account.observed, account.exported, sum(account.filtered), account.sampledOut, sum(account.lost)].map(String),
  ]);
  const widths = TITLES.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(displayWidth)),
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => pad(cell, widths[column] ?? 0, column === 0 ? 'left' : 'right')).join(GAP);
  const lines = [line(TITLES)];
  for (const [index, row] of rows.entries()) lines.push(line(row), ...reasons(accounts[index]));
  return `${[...lines, verdict(accounts)].join('\n')}\n`;
}

function reasons(account: Account | undefined): string[] {
  if (account === undefined) return [];
  const { redelivered, filtered, lost } = account;
  return [
    ...(redelivered > 0 ? [`${GAP}redelivered after a restart: ${redelivered}`] : []),
    ...spelled('filtered', filtered),
    ...spelled('lost', lost),
  ];
}

function spelled(what: string, counts: Readonly<Record<string, number>>): string[] {
  const told = Object.entries(counts).filter(([, count]) => count !== 0);
  return told.length === 0 ? [] : [`${GAP}${what}: ${told.map(([reason, count]) => `${reason} ${count}`).join(', ')}`];
}

function verdict(accounts: readonly Account[]): string {
  const faults = accounts.flatMap(faultsOf);
  return faults.length === 0
    ? 'balanced: observed = exported + filtered + sampled out + lost, for every capture'
    : `not balanced: ${faults.join('; ')}`;
}

function faultsOf({ capture, observed, unaccounted, inFlight }: Account): string[] {
  const name = escapeForTerminal(capture);
  const faults: string[] = [];
  if (inFlight !== 0) faults.push(`${name}: ${inFlight} handed to exports, outcome not known`);
  if (unaccounted > 0) faults.push(`${name}: ${unaccounted} of ${observed} observed are missing`);
  if (unaccounted < 0) faults.push(`${name}: ${-unaccounted} more accounted for than the ${observed} observed`);
  return faults;
}
