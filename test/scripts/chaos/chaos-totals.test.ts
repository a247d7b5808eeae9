import { expect, test } from 'vitest';
import { addRun, formatFaults, formatTotals, NO_RUNS } from '../../../scripts/chaos/chaos-totals.ts';
import { runJudged } from '../../chaos/judged-run.ts';

test('the last line has the sums of all runs', async () => {
  const judged = await runJudged(1, 1);
  const figures = {
    ...judged.figures,
    accepted: 10,
    records: 5,
    removals: 1,
    deadLetters: 2,
    redriven: 3,
    kills: 4,
  };
  const run = { ...judged, figures: { ...figures, faults: ['F2', 'F31'] as const }, violations: [] };

  const totals = addRun(addRun(NO_RUNS, run), run);

  expect(formatTotals(totals, 12.34)).toBe(
    'runs 2 · events accepted 20 · records 10 · removals 2 · dead letters 4 · redriven 6 · kills 8 · faults injected 4 · ' +
      'violations 0 · seconds 12.3',
  );
  expect(formatFaults(totals)).toBe('F2 2 · F31 2');
});
