import { MUTANTS } from './all-mutants.ts';
import { runChaosSeries } from './run-chaos-series.ts';
import { runSuite } from './run-suite.ts';
import { CHAOS, SUITE_MAX_MS } from './try-mutant.ts';

/** Runs on a tree without a bug all that the mutants are tried on; undefined where it is green. */
export async function findBaselineProblem(root: string): Promise<string | undefined> {
  const files = [...new Set(MUTANTS.flatMap(({ tests }) => tests))];
  const suite = await runSuite(root, files, { maxMs: SUITE_MAX_MS, stopsEarly: false });
  if (suite.outcome === 'red') return `"${suite.test}" in ${suite.file} is red without any bug`;
  if (suite.outcome === 'unfinished') return suite.reason;

  // One series for each choice of faults.
  const series = new Map(MUTANTS.map(({ faults }) => [faults?.join(), faults]));
  for (const faults of series.values()) {
    const chaos = await runChaosSeries(root, { ...CHAOS, faults });
    if (chaos.outcome === 'unfinished') return chaos.reason;
    if (chaos.broken.length > 0) return `${chaos.broken.join(', ')} broken without any bug`;
  }
  return undefined;
}
