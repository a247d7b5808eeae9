import { describe, expect, test } from 'vitest';
import { runJudged, toRunSeed } from './judged-run.ts';
import { runChaos } from './run-chaos.ts';

/** Any number will do; `npm run chaos` tries others. A failure names its run, which is the same every time. */
const SERIES = 20261123;
const PARTS = 8;
const RUNS_PER_PART = 25;

describe('every promise is kept, whatever happens', () => {
  test.each(Array.from({ length: PARTS }, (_, part) => part * RUNS_PER_PART))(
    'runs %i and following',
    async (from) => {
      const broken: string[] = [];

      for (let run = from; run < from + RUNS_PER_PART; run += 1) {
        const { violations } = await runJudged(SERIES, run);
        broken.push(
          ...violations.map(({ invariant, text }) => `seed ${SERIES} run ${run}: ${invariant} ${text}`),
        );
      }

      expect(broken).toEqual([]);
    },
    60_000,
  );
});

test('the same seed gives the same run, event by event', async () => {
  for (const run of [1, 2, 3]) {
    const [one, other] = [await listEvents(run), await listEvents(run)];

    expect(one.length).toBeGreaterThan(100);
    expect(one.filter((event, place) => event !== other[place]).slice(0, 3)).toEqual([]);
    expect(other).toHaveLength(one.length);
  }
});

test('runs differ from each other', async () => {
  const starts = new Set<string | undefined>();
  for (let run = 0; run < 5; run += 1) starts.add((await listEvents(run))[0]);

  expect(starts.size).toBe(5);
});

async function listEvents(run: number): Promise<string[]> {
  const { history } = await runChaos(toRunSeed(SERIES, run));
  return history.map((event) => JSON.stringify(event));
}
