import { expect, test } from 'vitest';
import { startSchedule } from '../../../lib/local/lambda/start-schedule.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const EVERY_MS = 60_000;

function createScene(run: () => Promise<unknown> = async () => undefined) {
  const clock = createVirtualClock();
  const failures: unknown[] = [];
  let runs = 0;
  const schedule = startSchedule({
    everyMs: EVERY_MS,
    run: () => {
      runs += 1;
      return run();
    },
    clock,
    onFailure: (error) => failures.push(error),
  });
  return { clock, schedule, failures, runs: () => runs };
}

test('the first run comes after one interval, and then one after each', async () => {
  const { clock, runs } = createScene();
  const counts: number[] = [];

  for (const ms of [EVERY_MS - 1, 1, EVERY_MS, EVERY_MS]) {
    await clock.advance(ms);
    counts.push(runs());
  }

  expect(counts).toEqual([0, 1, 2, 3]);
});

test('a run that fails is told, and the next one comes', async () => {
  const { clock, runs, failures } = createScene(() => Promise.reject(new Error('no')));

  await clock.advance(2 * EVERY_MS);

  expect([runs(), failures.length]).toEqual([2, 2]);
});

test('stopped, it runs no more, and waits for a run under way for two seconds at most', async () => {
  const { clock, schedule, runs } = createScene(() => new Promise(() => undefined));
  await clock.advance(EVERY_MS);
  let isStopped = false;

  const stopping = schedule.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(1999);
  const before = isStopped;
  await clock.advance(1);
  await stopping;
  await clock.advance(10 * EVERY_MS);

  expect([before, isStopped, runs()]).toEqual([false, true, 1]);
});

test('stopped between two runs, it ends at once', async () => {
  const { schedule, clock } = createScene();

  await schedule.stop();

  expect(clock.sleepers).toBe(0);
});
