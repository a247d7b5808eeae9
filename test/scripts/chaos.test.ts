import { describe, expect, test } from 'vitest';
import { parseChaosArguments } from '../../scripts/chaos/run-in-workers.ts';
import { addRun, formatFaults, formatTotals, formatViolations, NO_RUNS } from '../../scripts/chaos/totals.ts';
import { runJudged } from '../chaos/run-chaos.ts';

test('the last line has the sums of all runs', async () => {
  const judged = await runJudged(1, 1);
  const figures = {
    ...judged.figures,
    accepted: 10,
    records: 5,
    removals: 1,
    deadLetters: 2,
    redriven: 3,
    covered: 5,
    leftOut: 6,
    kills: 4,
  };
  const run = { ...judged, figures: { ...figures, faults: ['F2', 'F31'] as const }, violations: [] };

  const totals = addRun(addRun(NO_RUNS, run), run);

  expect(formatTotals(totals, 12.34)).toBe(
    'runs 2 · events accepted 20 · records 10 · removals 2 · dead letters 4 · redriven 6 · covered 10 · superseded 12 · kills 8 · faults injected 4 · ' +
      'violations 0 · seconds 12.3',
  );
  expect(formatFaults(totals)).toBe('F2 2 · F31 2');
});

test('a broken run is told with the command that plays exactly that run again', async () => {
  const judged = await runJudged(42, 7);
  const violation = { invariant: 'I1', atMs: 0, text: 'an event was lost' } as const;

  const text = formatViolations({ ...judged, violations: [violation] }, { seed: 42, faults: undefined });
  const [, words = ''] = /npm run chaos -- (.*)$/.exec(text) ?? [];
  const { seed, from, runs } = parseChaosArguments(words.split(' '));
  const again = await runJudged(seed, from);

  expect(text).toContain('seed 42 run 7');
  expect(text).toContain('I1 an event was lost');
  expect(runs).toBe(1);
  expect(again).toEqual(judged);
});

test('of many violations the first are shown, and how many more there are', async () => {
  const judged = await runJudged(42, 7);
  const violations = Array.from(
    { length: 9 },
    (_, place) => ({ invariant: 'I6', atMs: place, text: `no. ${place}` }) as const,
  );

  const text = formatViolations({ ...judged, violations }, { seed: 42, faults: ['F31'] });

  expect(text).toContain('no. 4');
  expect(text).not.toContain('no. 5');
  expect(text).toContain('and 4 more');
  expect(text).toContain('--faults F31 --trace');
});

describe('parse chaos arguments', () => {
  test('without arguments a thousand runs of series 1 are made', () => {
    expect(parseChaosArguments([])).toEqual({
      runs: 1000,
      seed: 1,
      from: 0,
      trace: false,
      faults: undefined,
    });
  });

  test('everything can be chosen', () => {
    const words = ['--runs', '5', '--seed', '42', '--from', '7', '--faults', 'F31,F46', '--trace'];

    expect(parseChaosArguments(words)).toEqual({
      runs: 5,
      seed: 42,
      from: 7,
      trace: true,
      faults: ['F31', 'F46'],
    });
  });

  test.each([
    ['--runs', '-1'],
    ['--runs', '1.5'],
    ['--seed', 'abc'],
    ['--from', '4294967296'],
    ['--fast'],
    ['word'],
  ])('%s %s is refused with how it is used', (...words) => {
    expect(() => parseChaosArguments(words.filter((word) => word !== undefined))).toThrow(/npm run chaos/);
  });

  test.each(['F0', 'F999', 'F11', '31', ''])('there is no fault %s to inject', (fault) => {
    expect(() => parseChaosArguments(['--faults', fault])).toThrow(/fault/);
  });
});
