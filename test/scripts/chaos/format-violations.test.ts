import { expect, test } from 'vitest';
import { formatViolations } from '../../../scripts/chaos/format-violations.ts';
import { parseChaosArguments } from '../../../scripts/chaos/parse-chaos-arguments.ts';
import { runJudged } from '../../chaos/judged-run.ts';

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
