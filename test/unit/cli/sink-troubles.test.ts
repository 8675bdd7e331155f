import { beforeEach, describe, expect, it } from 'vitest';
import { SinkTroubles } from '../../../src/cli/sink-troubles.ts';
import { WeirError } from '../../../src/lib/errors.ts';

const FULL = new WeirError('SinkFailed', 'no space left');
const GONE = new WeirError('SinkFailed', 'no such device');

describe('troubles of exports', () => {
  let now: number;
  let said: string[];
  let troubles: SinkTroubles;

  beforeEach(() => {
    now = 0;
    said = [];
    troubles = new SinkTroubles(
      () => now,
      (text) => said.push(text),
    );
  });

  it('are told at once, and the same one again only a minute later', () => {
    for (now = 0; now < 120_000; now += 500) troubles.tell('FlowExport a/disk', FULL);
    expect(said).toEqual(['FlowExport a/disk: no space left', 'FlowExport a/disk: no space left']);
  });

  it('are told at once when they are others, or of another export', () => {
    troubles.tell('FlowExport a/disk', FULL);
    troubles.tell('FlowExport a/disk', GONE);
    troubles.tell('stdout', GONE);
    troubles.tell('stdout', GONE);
    expect(said).toEqual([
      'FlowExport a/disk: no space left',
      'FlowExport a/disk: no such device',
      'stdout: no such device',
    ]);
  });

  it('decide the exit status', () => {
    expect(troubles.exitStatus).toBe(0);
    troubles.tell('stdout', FULL);
    troubles.tell('stdout', new WeirError('InvalidInput', 'later'));
    expect(troubles.exitStatus).toBe(1);
  });
});
