/** One goal of the benchmark, as a suite measured it. */
export interface Goal {
  /** `P1` … `P14`. */
  readonly id: string;
  readonly what: string;
  readonly figure: number;
  /** The most that the figure may be. */
  readonly bound: number;
  /** What the figure is compared with, or is made of. */
  readonly detail?: string;
  /** Where the figure exceeds the bound: what the profile shows, and what was tried. */
  readonly missedBecause?: string;
}

/** A measured figure without a bound: an absolute, or a peer's. */
export interface Row {
  readonly subject: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

export interface SuiteResult {
  readonly suite: string;
  readonly goals: readonly Goal[];
  readonly rows: readonly Row[];
  /** By how much the anchor differs from itself, measured twice, or what stands for that; absent where nothing was timed. */
  readonly noise?: number;
}

/** Where the anchor differs from itself by more than this, the machine is too busy for a verdict. */
const MOST_NOISE = 0.15;

export type Verdict = 'ok' | 'MISSED' | 'missed (noisy)';

/** A goal that is missed while the machine is too busy is a warning. */
export function judge({ figure, bound }: Goal, { noise = 0 }: Pick<SuiteResult, 'noise'>): Verdict {
  if (figure <= bound) return 'ok';
  return isNoisy(noise) ? 'missed (noisy)' : 'MISSED';
}

function isNoisy(noise: number): boolean {
  return noise > MOST_NOISE;
}

/** True where a goal is missed on a machine that was quiet enough to say so. */
export function hasFailed(results: readonly SuiteResult[]): boolean {
  return results.some((result) => result.goals.some((goal) => judge(goal, result) === 'MISSED'));
}

/** A suite as text: its goals with figure, bound and verdict, then what else was measured. */
export function formatSuite(result: SuiteResult): string {
  const { suite, goals, rows, noise } = result;
  const said = noise === undefined ? '' : `  noise ${toPercent(noise)}${isNoisy(noise) ? ', noisy' : ''}`;
  const goalLines = goals.map((goal) => {
    const { id, what, figure, bound, detail } = goal;
    const verdict = judge(goal, result);
    const figures = `${toText(figure)} ≤ ${toText(bound)}`;
    const reason = toReason(goal);
    return [
      `  ${id.padEnd(4)} ${what.padEnd(58)} ${figures.padStart(18)}  ${verdict}${detail ? `  (${detail})` : ''}`,
      ...(reason ? [`       ${reason}`] : []),
    ].join('\n');
  });
  const rowLines = rows.map(
    ({ subject, what, value, unit }) =>
      `       ${subject.padEnd(34)} ${what.padEnd(28)} ${`${toText(value)} ${unit}`.padStart(14)}`,
  );
  return [`${suite}${said}`, ...goalLines, ...rowLines].join('\n');
}

/** Why a goal is missed, where that is known; empty for one that is not. */
export function toReason({ figure, bound, missedBecause }: Goal): string {
  return figure <= bound ? '' : (missedBecause ?? '');
}

function toPercent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** Three digits that count, and whole numbers whole. */
export function toText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
