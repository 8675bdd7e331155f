import { expect, test } from 'vitest';
import { systemTimers } from '../../../src/lib/timers.ts';

test('an action runs after its time, and never when it was cancelled', async () => {
  const ran: string[] = [];
  const cancel = systemTimers.after(1, () => ran.push('cancelled'));
  cancel();
  await new Promise<void>((resolve) => {
    systemTimers.after(5, () => {
      ran.push('due');
      resolve();
    });
  });
  expect(ran).toEqual(['due']);
});
