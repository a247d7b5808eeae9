import { expect, test } from 'vitest';
import { judge } from '../oracle/judge.ts';
import { toTerms } from '../world/settings.ts';
import { createScene, HOUR_MS, MINUTE_MS, type Scene } from './scenario.ts';

const QUOTA = 30;
const SESSIONS = 50;
const DAY_MS = 24 * HOUR_MS;

/** Calls of the consumer, one count for each of Crisp's days, which begin at `resetHour` UTC. */
function countCalls({ world: { history } }: Scene, by: 'consumer' | 'probe', resetHour: number): number[] {
  const counts = new Map<number, number>();
  for (const event of history) {
    if (event.type !== 'crisp-answered' || event.by !== by) continue;
    const day = Math.floor((event.atMs - resetHour * HOUR_MS) / DAY_MS);
    counts.set(day, (counts.get(day) ?? 0) + 1);
  }
  return [...counts.values()];
}

/** From now on Crisp gives that many answers a day, which begins at `resetHour`, and refuses what goes beyond. */
function limitCrisp({ world }: Scene, perDay: number, resetHour: number) {
  const refused = { count: 0 };
  let [day, used] = [0, 0];
  const body = JSON.stringify({ error: true, reason: 'quota_limit_exceeded', data: {} });
  world.crisp.disturbances.add(() => {
    const today = Math.floor((world.clock.nowMs() - resetHour * HOUR_MS) / DAY_MS);
    if (today !== day) [day, used] = [today, 0];
    used += 1;
    if (used <= perDay) return undefined;
    refused.count += 1;
    return { fault: 'F32', kind: 'answer', answer: () => ({ status: 429, body }) };
  });
  return refused;
}

function readLines({ world: { history } }: Scene, name: string): Record<string, unknown>[] {
  return history.flatMap((event) =>
    event.type === 'line-written' && event.text.includes(`"${name}"`) ? [JSON.parse(event.text)] : [],
  );
}

async function drain(scene: Scene, days: number) {
  const isDrained = await scene.world.settle(days * DAY_MS);
  const { violations, figures } = judge(scene.world.history, toTerms(scene.world.settings));
  scene.world.end();
  return { isDrained, violations, figures };
}

test('a budget of 30 calls a day for 50 sessions: never more than 30, and in the end every session is enriched', async () => {
  const scene = createScene({ conversations: SESSIONS, dailyQuota: QUOTA });
  for (const conversation of scene.conversations) scene.say(conversation);
  await scene.world.advance(5 * MINUTE_MS);
  const callsAtOnce = countCalls(scene, 'consumer', 0);

  const { isDrained, violations, figures } = await drain(scene, 12);

  expect(figures.accepted).toBe(SESSIONS);
  expect(callsAtOnce[0]).toBeGreaterThan(QUOTA - 5);
  expect(isDrained).toBe(true);
  expect(Math.max(...countCalls(scene, 'consumer', 0))).toBeLessThanOrEqual(QUOTA);
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ records: SESSIONS, deadLetters: 0 });
  expect(readLines(scene, 'job-failed').map(({ decision }) => decision)).not.toContain('retry');
  // Crisp would give more: one look a minute after each opening, and one at the end of the day.
  expect(Math.max(...countCalls(scene, 'probe', 0))).toBeLessThanOrEqual(3);
});

test('Crisp begins its day at another hour: it is learned, and from then on nothing is refused but looks', async () => {
  const resetHour = 7;
  const scene = createScene({ conversations: SESSIONS, dailyQuota: QUOTA });
  const refused = limitCrisp(scene, QUOTA, resetHour);
  for (const conversation of scene.conversations) scene.say(conversation);
  await scene.world.advance(DAY_MS);
  const afterOneDay = refused.count;
  await scene.world.advance(2 * DAY_MS);
  const afterThree = refused.count;

  const { isDrained, violations, figures } = await drain(scene, 12);

  expect(readLines(scene, 'quota-reset-learned')[0]).toMatchObject({ resetMinute: resetHour * 60 });
  expect(afterOneDay).toBeGreaterThan(0);
  // The probe's own look is not in the count: it takes one call from the day.
  expect(afterThree - afterOneDay).toBeLessThanOrEqual(4);
  expect(isDrained).toBe(true);
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ records: SESSIONS, deadLetters: 0 });
});
