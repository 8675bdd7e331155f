import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/agent/check/finding.ts';
import { checkText } from '../../../src/cli/check-text.ts';

const OK: Finding = { id: 'kernel', state: 'ok', found: 'Linux 6.12.0 x86_64' };
const DEGRADED: Finding = { id: 'bpffs', state: 'degraded', found: 'none', lacks: 'restarts', remedy: 'mount one' };
const MISSING: Finding = { id: 'pidNamespace', state: 'missing', found: '\u001b[2J', remedy: 'say\nit' };

describe('what weir check prints', () => {
  it('is one line a check, and below it what is lost and what to do', () => {
    expect(checkText([OK, DEGRADED, MISSING]).split('\n')).toEqual([
      'ok        kernel         Linux 6.12.0 x86_64',
      'degraded  bpffs          none',
      '          lost: restarts',
      '          remedy: mount one',
      String.raw`missing   PID namespace  \x1b[2J`,
      '          remedy: say',
      '          it',
      'TCP cannot be captured here, for want of: PID namespace',
      '',
    ]);
  });

  it.each([
    [[OK], 'TCP can be captured here'],
    [[OK, DEGRADED], 'TCP can be captured here, degraded by: bpffs'],
  ])('ends with the verdict', (findings, verdict) => {
    expect(checkText(findings).trimEnd().split('\n').at(-1)).toBe(verdict);
  });
});
