import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ABSENT_FAULTS, CATALOGUE, FAULTS } from './faults/catalogue.ts';
import type { HistoryEvent } from './oracle/history.ts';
import { judge } from './oracle/judge.ts';
import { runChaos, runJudged, toRunSeed } from './run-chaos.ts';

describe('chaos', () => {
  /** Any number will do; `npm run chaos` tries others. A failure names its run, which is the same every time. */
  const SERIES = 20261123;
  const PARTS = 2;
  const RUNS_PER_PART = 10;

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
    const [one, other] = [await listEvents(1), await listEvents(1)];

    expect(one.length).toBeGreaterThan(100);
    expect(one.filter((event, place) => event !== other[place]).slice(0, 3)).toEqual([]);
    expect(other).toHaveLength(one.length);
  });

  test('runs differ from each other', async () => {
    const starts = new Set<string | undefined>();
    for (let run = 0; run < 3; run += 1) starts.add((await listEvents(run))[0]);

    expect(starts.size).toBe(3);
  });

  async function listEvents(run: number): Promise<string[]> {
    const { history } = await runChaos(toRunSeed(SERIES, run));
    return history.map((event) => JSON.stringify(event));
  }
});

describe('catalogue', () => {
  const ROOT = join(import.meta.dirname, '../..');

  test('every fault from F1 to F81 can be injected, or stands in the list of those that cannot', () => {
    const numbers = CATALOGUE.map(({ id }) => id);

    expect(numbers).toEqual(Array.from({ length: 81 }, (_, place) => `F${place + 1}`));
  });

  test.each(ABSENT_FAULTS)('$id is covered by a test that exists', ({ coveredBy }) => {
    expect(existsSync(join(ROOT, coveredBy))).toBe(true);
  });

  // Not every run has a message to disturb while the fault lasts. First the short ones, and those in which most faults do.
  const SEEDS = [1, 5, 2, 6, 3, 8, 4, 7, ...Array.from({ length: 20 }, (_, place) => place + 9)];

  test.each(FAULTS)('$id strikes where it is injected, and every promise is kept: $title', async ({ id }) => {
    let hasStruck = false;
    for (const seed of SEEDS) {
      if (hasStruck) break;
      const { history, terms } = await runChaos(seed, { faults: [id] });
      hasStruck = history.some((event) => isTraceOf(id, event));
      expect(judge(history, terms).violations).toEqual([]);
    }

    expect(hasStruck).toBe(true);
  });

  /** Faults of instances and of operators have no name in the history: a death, or a redrive, is what they leave. */
  function isTraceOf(id: string, event: HistoryEvent): boolean {
    switch (event.type) {
      case 'fault-injected':
      case 'crisp-answered':
        return event.fault === id;
      case 'instance-killed':
        return DEADLY.has(id);
      case 'operated':
        return OPERATED.has(id) && event.action.startsWith('dlq');
      default:
        return false;
    }
  }

  const DEADLY = new Set(['F8', 'F19', 'F20', 'F64']);
  const OPERATED = new Set(['F50', 'F51', 'F52', 'F53', 'F60']);
});
