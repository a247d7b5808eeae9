import type { VirtualClock } from './virtual-clock.ts';

/** Turns the clock from one sleeper to the next until the work is done, whatever it comes to. */
export async function untilSettled<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  work.then(settle, settle);
  await clock.advance(0);
  while (!isSettled) await clock.advance(Math.max(0, (clock.nextWakeMs ?? 0) - clock.nowMs()));
  return work;
}
