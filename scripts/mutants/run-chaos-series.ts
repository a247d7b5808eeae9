import { runProcess } from './run-process.ts';

export type ChaosResult =
  /** The promises that were broken in at least one run; none: the series saw nothing. */
  | { readonly outcome: 'judged'; readonly broken: readonly string[] }
  | { readonly outcome: 'unfinished'; readonly reason: string };

export interface ChaosOptions {
  readonly runs: number;
  readonly seed: number;
  readonly maxMs: number;
  /** Exactly these in every run, instead of drawn ones. */
  readonly faults?: readonly string[] | undefined;
}

/** Runs a short series of chaos runs of a tree. */
export async function runChaosSeries(
  root: string,
  { runs, seed, maxMs, faults }: ChaosOptions,
): Promise<ChaosResult> {
  const series = ['scripts/chaos.ts', '--runs', String(runs), '--seed', String(seed)];
  const arguments_ = faults ? [...series, '--faults', faults.join()] : series;
  const { exitCode, output } = await runProcess(process.execPath, arguments_, { cwd: root, maxMs });
  if (exitCode === null) return { outcome: 'unfinished', reason: `not through after ${maxMs / 1000} s` };
  return readChaosOutput(output);
}

/** Reads what `npm run chaos` prints. Without its last line it came to no judgement. */
export function readChaosOutput(output: string): ChaosResult {
  if (!/^runs \d+ .*\bviolations \d+/m.test(output)) {
    return { outcome: 'unfinished', reason: output.trim().split('\n').at(-1) ?? 'no output' };
  }
  const broken = [...output.matchAll(/^ +(I\d+) /gm)].map(([, invariant = '']) => invariant);
  const inOrder = [...new Set(broken)].toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  return { outcome: 'judged', broken: inOrder };
}
