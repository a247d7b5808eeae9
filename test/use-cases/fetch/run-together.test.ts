import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runTogether } from '../../../lib/use-cases/fetch/run-together.ts';

const failLater = async (error: Error, turns: number) => {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
  throw error;
};

test('results come in the order of the work, promises and plain values alike', async () => {
  const results = await runTogether(() => [Promise.resolve(1), 'two', null]);

  expect(results).toEqual([1, 'two', null]);
});

test('the first failure is thrown, after the others have ended', async () => {
  const [early, late] = [new Error('early'), new Error('late')];
  let hasEnded = false;

  const together = runTogether(() => [
    failLater(late, 5).finally(() => {
      hasEnded = true;
    }),
    failLater(early, 1),
  ]);

  await expect(together).rejects.toBe(early);
  expect(hasEnded).toBe(true);
});

test('the others are aborted with the first failure as the reason', async () => {
  const failure = new Error('first');
  let seen: unknown;

  const together = runTogether((signal) => {
    signal.addEventListener('abort', () => {
      seen = signal.reason;
    });
    return [failLater(failure, 1)];
  });

  await expect(together).rejects.toBe(failure);
  expect(seen).toBe(failure);
});

test('an abort from outside reaches the work', async () => {
  const stop = new AbortController();
  const heard = runTogether(
    (signal) => [new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))],
    stop.signal,
  );

  stop.abort('enough');

  expect(await heard).toEqual(['enough']);
});
