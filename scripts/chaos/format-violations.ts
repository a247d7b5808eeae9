import type { JudgedRun } from '../../test/chaos/judged-run.ts';
import type { ChaosArguments } from './parse-chaos-arguments.ts';

// A run that broke one promise often broke it many times.
const MOST_SHOWN = 5;

/** What a run broke, and the command that plays exactly that run again. */
export function formatViolations(
  { run, violations, figures }: JudgedRun,
  { seed, faults }: Pick<ChaosArguments, 'seed' | 'faults'>,
): string {
  const shown = violations.slice(0, MOST_SHOWN).map(({ invariant, text }) => `  ${invariant} ${text}`);
  const rest = violations.length - shown.length;
  const only = faults === undefined ? '' : ` --faults ${faults.join()}`;
  return [
    `seed ${seed} run ${run} broke ${violations.length} promises (faults ${figures.faults.join(', ') || 'none'}):`,
    ...shown,
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    `  again: npm run chaos -- --seed ${seed} --from ${run} --runs 1${only} --trace`,
  ].join('\n');
}
