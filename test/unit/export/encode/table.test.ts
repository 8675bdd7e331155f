import { describe, expect, test } from 'vitest';
import { tableEncoder } from '../../../../src/export/encode/table.ts';
import { displayWidth } from '../../../../src/lib/width.ts';
import type { Flow } from '../../../../src/record/flow.ts';
import { checkout, flow, nobody, side, tcp } from '../flows.ts';

function lines(batch: readonly Flow[], width = 120): string[] {
  const text = tableEncoder({ width, headerEvery: undefined, wide: false, colour: false })(batch);
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

function row(record: Flow, width = 120): string {
  return lines([record], width)[1] ?? '';
}

const ipv6 = side({ address: '2001:db8:1234:5678:9abc:def0:1234:5678', port: 8443 });
const hostile = { pid: 77, executableName: '\x1b[31m\u202egnp.exe\n' };

describe('the default table', () => {
  test('at 80 columns', () => {
    expect(lines([flow()], 80)).toEqual([
      'TIME UTC CLIENT           SERVER           BYTES→  BYTES← DURATION STATE',
      '20:00:00 shop/checkout    198.18.99.9:80      517   1.0Mi     1.5s Finished',
    ]);
  });

  test('at 120 columns', () => {
    expect(lines([flow()])).toEqual([
      'TIME UTC CLIENT           SERVER           BYTES→  BYTES←    RTT DURATION STATE         PROCESS         CAPTURE',
      '20:00:00 shop/checkout    198.18.99.9:80      517   1.0Mi  840µs     1.5s Finished      curl/4242       shop/checkout',
    ]);
  });

  test.each([80, 100, 120, 200])('no row is wider than %i columns, whatever is in it', (width) => {
    const records = [
      flow({ source: ipv6, destination: ipv6, process: hostile, capture: ['n'.repeat(317)] }),
      flow({ source: side({ identity: { ...checkout, namespace: '名'.repeat(60), ownerName: '前'.repeat(90) } }) }),
      flow({ process: { pid: 4_194_304, executableName: '😀'.repeat(200) } }),
      flow({ source: side({ bytes: Number.MAX_SAFE_INTEGER }), tcp: tcp({ rtt: 59_999_999 }) }),
    ];
    for (const text of lines(records, width)) expect(displayWidth(text)).toBeLessThanOrEqual(width);
  });

  test('a terminal that is too narrow still gets what says most', () => {
    expect(lines([flow()], 20)[0]).toBe('TIME UTC CLIENT          SERVER           BYTES→  BYTES← STATE');
  });

  test.each<[string, Partial<Flow>, string]>([
    [
      'a pod without an owner is its own name',
      { source: side({ identity: { ...checkout, ownerName: undefined } }) },
      'shop/checkout-6…',
    ],
    ['a Service', { source: side({ identity: { ...nobody, namespace: 'shop', serviceName: 'api' } }) }, 'shop/api '],
    ['nobody known is the address and the port', { source: side({ port: 7 }) }, '198.18.0.1:7 '],
    ['an IPv6 address that does not fit keeps its port', { source: ipv6 }, '[2001:db8:…:8443'],
  ])('%s', (_name, parts, client) => {
    expect(row(flow(parts)).slice('20:00:00 '.length)).toSatisfy((text: string) => text.startsWith(client));
  });

  test.each<[string, Partial<Flow>, string]>([
    ['why it ended, where that is known', { state: 'Failed', tcp: tcp({ closeReason: 'Refused' }) }, 'Refused'],
    ['how it stands, where no reason is known', { state: 'Closed', tcp: tcp({ closeReason: 'Unknown' }) }, 'Closed'],
    ['how it stands, while it lives', { state: 'Active', tcp: tcp({ closeReason: undefined }) }, 'Active'],
  ])('STATE says %s', (_name, parts, state) => {
    expect(row(flow(parts), 80).split(/ +/).at(-1)).toBe(state);
  });

  test('what is not known is a dash', () => {
    const unknown = flow({ tcp: tcp({ rtt: undefined }), process: undefined });
    expect(row(unknown)).toBe(
      '20:00:00 shop/checkout    198.18.99.9:80      517   1.0Mi      -     1.5s Finished      -               shop/checkout',
    );
  });

  test('hostile text is shown, not obeyed', () => {
    expect(row(flow({ process: hostile }), 200)).toContain(' \\x1b[31m\\u202egnp.ex…/77 ');
  });
});

function headers(headerEvery: number | undefined, batches: number[]): boolean[] {
  const encode = tableEncoder({ width: 80, headerEvery, wide: false, colour: false });
  const text = batches.map((size) => encode(Array.from({ length: size }, () => flow()))).join('');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => line.startsWith('TIME'));
}

describe('the header', () => {
  test('comes once where no more is asked for', () => {
    expect(headers(undefined, [1, 2])).toEqual([true, false, false, false]);
  });

  test('comes again after so many rows, batches or not', () => {
    expect(headers(2, [1, 3, 1])).toEqual([true, false, false, true, false, false, true, false]);
  });

  test('does not come without a row', () => {
    expect(tableEncoder({ width: 80, headerEvery: 2, wide: false, colour: false })([])).toBe('');
  });
});

describe('colours', () => {
  const failed = [flow({ state: 'Failed' }), flow()];

  test('mark what went wrong', () => {
    const text = tableEncoder({ width: 80, headerEvery: undefined, wide: false, colour: true })(failed);
    expect(text.split('\n').map((line) => line.slice(0, 5))).toEqual(['\x1b[1mT', '\x1b[31m', '20:00', '']);
  });

  test('leave no escape sequence where they are not wanted', () => {
    expect(lines(failed).join('\n')).not.toContain('\x1b');
  });
});

describe('the wide table', () => {
  test('says everything that the default table leaves out, exactly', () => {
    const text = tableEncoder({ width: 80, headerEvery: undefined, wide: true, colour: false })([flow()]);
    const [, values = ''] = text.split('\n');
    expect(values.split(/\s+/)).toEqual([
      '2026-11-21T20:00:00.000Z',
      'shop/checkout',
      '198.18.0.1:43210',
      '198.18.99.9:80',
      '198.18.99.9:80',
      '517',
      '1048576',
      '840µs',
      '1.5s',
      '0',
      'Finished',
      'curl/4242',
      'shop/checkout',
      'checkout-6c9f7d5b8-x2x7k',
      'Exact',
      '-',
      'Unknown',
      '0123456789abcdef',
      'source',
      'node-a',
    ]);
  });

  test('never cuts an address, and stands in line where all fits', () => {
    const encode = tableEncoder({ width: 80, headerEvery: undefined, wide: true, colour: false });
    const [header = '', plain = '', long = ''] = encode([flow(), flow({ destination: ipv6 })]).split('\n');
    expect(plain.indexOf('0123456789abcdef')).toBe(header.indexOf('FLOW ID'));
    expect(long).toContain(' [2001:db8:1234:5678:9abc:def0:1234:5678]:8443 ');
  });

  test('cuts text at the limit of the catalogue', () => {
    const encode = tableEncoder({ width: 80, headerEvery: undefined, wide: true, colour: false });
    const text = encode([flow({ process: { pid: 1, executableName: 'x'.repeat(10_240) } })]);
    expect(text).toContain(` ${'x'.repeat(254)}…/1 `);
  });
});
