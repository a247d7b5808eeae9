import type { JudgedRun } from '../../test/chaos/run-chaos.ts';
import type { ChaosArguments } from './run-in-workers.ts';

/** The sums of a series of runs. */
interface ChaosTotals {
  readonly runs: number;
  readonly accepted: number;
  readonly records: number;
  readonly removals: number;
  readonly deadLetters: number;
  readonly redriven: number;
  readonly covered: number;
  readonly leftOut: number;
  readonly kills: number;
  readonly violations: number;
  /** How often each fault was injected. */
  readonly faults: Readonly<Record<string, number>>;
}

export const NO_RUNS: ChaosTotals = {
  ...{ runs: 0, accepted: 0, records: 0, removals: 0, deadLetters: 0, redriven: 0, covered: 0 },
  ...{ leftOut: 0, kills: 0, violations: 0 },
  faults: {},
};

export function addRun(totals: ChaosTotals, { figures, violations }: JudgedRun): ChaosTotals {
  const faults = { ...totals.faults };
  for (const fault of figures.faults) faults[fault] = (faults[fault] ?? 0) + 1;
  return {
    runs: totals.runs + 1,
    accepted: totals.accepted + figures.accepted,
    records: totals.records + figures.records,
    removals: totals.removals + figures.removals,
    deadLetters: totals.deadLetters + figures.deadLetters,
    redriven: totals.redriven + figures.redriven,
    covered: totals.covered + figures.covered,
    leftOut: totals.leftOut + figures.leftOut,
    kills: totals.kills + figures.kills,
    violations: totals.violations + violations.length,
    faults,
  };
}

/** The last line: figures, for people and for tools that look for `violations 0`. */
export function formatTotals(totals: ChaosTotals, seconds: number): string {
  const {
    runs,
    accepted,
    records,
    removals,
    deadLetters,
    redriven,
    covered,
    leftOut,
    kills,
    faults,
    violations,
  } = totals;
  const injected = Object.values(faults).reduce((sum, times) => sum + times, 0);
  return [
    `runs ${runs}`,
    `events accepted ${accepted}`,
    `records ${records}`,
    `removals ${removals}`,
    `dead letters ${deadLetters}`,
    `redriven ${redriven}`,
    `covered ${covered}`,
    `superseded ${leftOut}`,
    `kills ${kills}`,
    `faults injected ${injected}`,
    `violations ${violations}`,
    `seconds ${seconds.toFixed(1)}`,
  ].join(' · ');
}

/** Each fault with how often it was injected, by number. */
export function formatFaults({ faults }: ChaosTotals): string {
  return Object.entries(faults)
    .toSorted(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
    .map(([fault, times]) => `${fault} ${times}`)
    .join(' · ');
}

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
