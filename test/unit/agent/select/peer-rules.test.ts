import { describe, expect, test } from 'vitest';
import { ROLE } from '../../../../src/agent/decode/layout.generated.ts';
import { type FarSide, PeerRules, type SocketView } from '../../../../src/agent/select/peer-rules.ts';
import type { PlanPeer } from '../../../../src/plan/plan.ts';

const view = (remoteAddress: string, remotePort = 80): SocketView => ({
  role: ROLE.active,
  remoteAddress,
  remotePort,
  localPort: 40_000,
});

function bySocket(peers: readonly PlanPeer[], ...ends: SocketView[]): string[] {
  const rules = new PeerRules(peers, 'shop');
  return ends.map((end) => rules.bySocket(end));
}

describe('far sides by address and port', () => {
  test('that no entry matches are excluded where some entry includes, and included else', () => {
    expect(bySocket([{ action: 'Include', cidrs: ['10.0.0.0/8'] }], view('10.0.0.1'), view('11.0.0.1'))).toEqual([
      'Include',
      'Exclude',
    ]);
    expect(bySocket([{ action: 'Exclude', cidrs: ['10.0.0.0/8'] }], view('10.0.0.1'), view('11.0.0.1'))).toEqual([
      'Exclude',
      'Include',
    ]);
  });

  test('are decided by the first entry that matches, in all that it asks for', () => {
    const peers = [
      { action: 'Exclude', cidrs: ['10.1.0.0/16'], ports: ['53', '8000-8999'] },
      { action: 'Include', cidrs: ['10.0.0.0/8', 'fd00::/8'] },
    ] as const;
    const ends = [
      view('10.1.0.1', 53),
      view('10.1.0.1', 8999),
      view('10.1.0.1', 9000),
      view('10.2.0.1', 53),
      view('fd00::1', 53),
      view('fe80::1', 80),
    ];
    expect(bySocket(peers, ...ends)).toEqual(['Exclude', 'Exclude', 'Include', 'Include', 'Include', 'Exclude']);
  });

  test('have the port of the server, whoever opened', () => {
    const accepted = { role: ROLE.passive, remoteAddress: '10.0.0.1', remotePort: 50_000, localPort: 443 };
    const peers = [{ action: 'Include', ports: ['443'] }] as const;
    expect(bySocket(peers, accepted, view('10.0.0.1', 443), view('10.0.0.1', 444))).toEqual([
      'Include',
      'Include',
      'Exclude',
    ]);
  });

  test('are left to their labels where an entry that asks for labels comes first', () => {
    const peers = [
      { action: 'Exclude', ports: ['53'] },
      { action: 'Include', podSelector: {}, ports: ['80'] },
    ] as const;
    expect(bySocket(peers, view('10.0.0.1', 53), view('10.0.0.1', 80), view('10.0.0.1', 81))).toEqual([
      'Exclude',
      'ByLabel',
      'Exclude',
    ]);
  });
});

const pod = (namespace: string, app: string): FarSide => ({
  namespace,
  labels: { app },
  namespaceLabels: { team: namespace },
});

function byLabel(peers: readonly PlanPeer[], ...far: FarSide[]): string[] {
  const rules = new PeerRules(peers, 'shop');
  return far.map((side) => rules.byLabel(view('10.0.0.1'), side));
}

describe('far sides by label', () => {
  test("are pods of the capture's own namespace, unless namespaces are asked for", () => {
    const ends = [pod('shop', 'db'), pod('bank', 'db'), pod('shop', 'web'), 'noPod'] as const;
    const podSelector = { matchLabels: { app: 'db' } };
    const named = byLabel([{ action: 'Include', podSelector }], ...ends);
    expect(named).toEqual(['Include', 'Exclude', 'Exclude', 'Exclude']);
    const anywhere = byLabel([{ action: 'Include', podSelector, namespaceSelector: {} }], ...ends);
    expect(anywhere).toEqual(['Include', 'Include', 'Exclude', 'Exclude']);
    const bank = byLabel([{ action: 'Include', namespaceSelector: { matchLabels: { team: 'bank' } } }], ...ends);
    expect(bank).toEqual(['Exclude', 'Include', 'Exclude', 'Exclude']);
  });

  test('of which nobody knows whose they are match nothing, and are told from those that are excluded anyway', () => {
    const include = { action: 'Include', podSelector: {} } as const;
    const exclude = { action: 'Exclude', podSelector: {} } as const;
    const here = { action: 'Include', cidrs: ['10.0.0.0/8'] } as const;
    const notHere = { action: 'Exclude', cidrs: ['10.0.0.0/8'] } as const;
    expect(byLabel([include], 'unknown')).toEqual(['Unknown']);
    expect(byLabel([include, notHere], 'unknown')).toEqual(['Unknown']);
    expect(byLabel([include, here], 'unknown')).toEqual(['Include']);
    expect(byLabel([exclude], 'unknown')).toEqual(['Include']);
    expect(byLabel([exclude, notHere], 'unknown')).toEqual(['Exclude']);
    expect(byLabel([include, notHere], 'noPod')).toEqual(['Exclude']);
  });
});
