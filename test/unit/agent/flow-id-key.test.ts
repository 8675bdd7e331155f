import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFlowIdKey } from '../../../src/agent/flow-id-key.ts';
import { WeirError } from '../../../src/lib/errors.ts';

const DIGITS = '000102030405060708090a0b0c0d0e0f';

describe('the key of flow.id', () => {
  test('is 16 bytes, and its number the first byte of their SHA-256', () => {
    expect(parseFlowIdKey(DIGITS)).toEqual({
      flowIdKey: Uint8Array.from({ length: 16 }, (_, at) => at),
      // be45cb26…, as sha256sum says.
      flowIdKeyNumber: 0xbe,
    });
  });

  test('is the same in capitals, and with the end of line that a file has', () => {
    expect(parseFlowIdKey(` ${DIGITS.toUpperCase()}\n`)).toEqual(parseFlowIdKey(DIGITS));
  });

  test('is any 16 bytes, in a buffer of their own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const { flowIdKey, flowIdKeyNumber } = parseFlowIdKey(Buffer.from(bytes).toString('hex'));
        expect(flowIdKey).toEqual(bytes);
        expect(flowIdKey.buffer.byteLength).toBe(16);
        expect(flowIdKeyNumber).toSatisfy((number: number) => Number.isInteger(number) && number >= 0 && number < 256);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['too few digits', DIGITS.slice(1)],
    ['too many digits', `${DIGITS}0`],
    ['what is no digit', `${DIGITS.slice(1)}g`],
    ['two keys', `${DIGITS}\n${DIGITS}`],
  ])('is not %s, and the refusal does not tell what was there', (_, text) => {
    const refuse = () => parseFlowIdKey(text);
    expect(refuse).toThrow(WeirError);
    expect(refuse).toThrow(
      /^the key of flow\.id is no key: write 32 hex digits, such as `openssl rand -hex 16` prints$/,
    );
  });
});
