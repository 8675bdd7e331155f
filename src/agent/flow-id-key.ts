import { createHash } from 'node:crypto';
import { WeirError } from '../lib/errors.ts';

const KEY = /^[0-9a-f]{32}$/i;

/**
 * The key of flow.id as a Secret holds it: 32 hex digits. Agents that share it give both ends of a connection one id; its
 * number in the records is made from it, so that ids of different keys are never compared.
 *
 * @throws WeirError InvalidInput, which does not tell what was there.
 */
export function parseFlowIdKey(text: string): { readonly flowIdKey: Uint8Array; readonly flowIdKeyNumber: number } {
  const digits = text.trim();
  if (!KEY.test(digits)) {
    throw new WeirError(
      'InvalidInput',
      'the key of flow.id is no key: write 32 hex digits, such as `openssl rand -hex 16` prints',
    );
  }
  const flowIdKey = new Uint8Array(Buffer.from(digits, 'hex'));
  const [flowIdKeyNumber = 0] = createHash('sha256').update(flowIdKey).digest();
  return { flowIdKey, flowIdKeyNumber };
}
