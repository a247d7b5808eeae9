import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVirtualClock } from './virtual-clock.ts';

test('sleepers wake at their own moment, the earliest first, also those that fall asleep on the way', async () => {
  const clock = createVirtualClock(0);
  const woken: string[] = [];
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push(`${name} ${clock.nowMs()}`);
  };

  sleep('late', 30);
  sleep('early', 10).then(() => sleep('again', 10));
  await clock.advance(25);

  expect(woken).toEqual(['early 10', 'again 20']);
  expect(clock.nowMs()).toBe(25);
  expect(clock.sleepers).toBe(1);
});

test('a sleep that is aborted rejects with the reason and is forgotten', async () => {
  const clock = createVirtualClock(0);
  const aborted = new AbortController();

  const slept = clock.sleep(10, aborted.signal);
  aborted.abort(new Error('enough'));

  await expect(slept).rejects.toThrow('enough');
  expect(clock.sleepers).toBe(0);
});

test('whatever is scheduled happens in the order of its moments, then of its scheduling; what is taken back never', async () => {
  const plans = fc.array(fc.record({ atMs: fc.nat(50), isTakenBack: fc.boolean() }), { maxLength: 60 });

  await fc.assert(
    fc.asyncProperty(plans, async (all) => {
      const clock = createVirtualClock(0);
      const happened: number[] = [];
      const takeBack = all.map(({ atMs }, place) => clock.schedule(atMs, () => happened.push(place)));
      for (const [place, { isTakenBack }] of all.entries()) if (isTakenBack) takeBack[place]?.();
      const kept = all.map((plan, place) => ({ ...plan, place })).filter(({ isTakenBack }) => !isTakenBack);

      expect(clock.sleepers).toBe(kept.length);
      await clock.advance(50);

      expect(happened).toEqual(kept.toSorted((a, b) => a.atMs - b.atMs).map(({ place }) => place));
      expect(clock.sleepers).toBe(0);
    }),
    { numRuns: 50 },
  );
});
