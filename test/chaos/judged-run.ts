import type { FaultId } from './faults/fault.ts';
import { type Figures, judge } from './oracle/judge.ts';
import type { Violation } from './oracle/violation.ts';
import { type ChaosFigures, runChaos } from './run-chaos.ts';

/** What is left of a run once it was judged: few enough bytes to be sent from one thread to another. */
export interface JudgedRun {
  readonly run: number;
  readonly violations: readonly Violation[];
  readonly figures: ChaosFigures & Figures;
  /** Every event as a line; only where it was asked for. */
  readonly trace?: readonly string[];
}

export interface JudgedRunOptions {
  readonly faults?: readonly FaultId[] | undefined;
  readonly trace?: boolean;
}

/** Run `run` of the series that `seed` names, judged. */
export async function runJudged(
  seed: number,
  run: number,
  { faults, trace = false }: JudgedRunOptions = {},
): Promise<JudgedRun> {
  const { history, terms, figures } = await runChaos(toRunSeed(seed, run), { faults });
  const verdict = judge(history, terms);
  return {
    run,
    violations: [...verdict.violations, ...toWorldViolations(figures, history.at(-1)?.atMs ?? 0)],
    figures: { ...figures, ...verdict.figures },
    ...(trace && { trace: history.map((event) => JSON.stringify(event)) }),
  };
}

/** Runs of a series have nothing in common with each other, nor with those of another series. */
export function toRunSeed(seed: number, run: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(run + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** What the world alone can see: what came to no rest by itself, and code that ran where Lambda had frozen it. */
function toWorldViolations({ isQuiet, stuckFor, oddities }: ChaosFigures, atMs: number): Violation[] {
  const frozen = oddities.map(
    (oddity): Violation => ({ invariant: 'I5', atMs, text: `${oddity} was begun after the answer` }),
  );
  const stuck =
    stuckFor === undefined ? [] : [`the tap stayed closed (${stuckFor}) until a person opened it`];
  const restless = isQuiet ? [] : ['after two days of calm something is still under way'];
  const held = [...stuck, ...restless].map((text): Violation => ({ invariant: 'I9', atMs, text }));
  return [...frozen, ...held];
}
