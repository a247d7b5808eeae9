import { join } from 'node:path';
import { applyPatches, PatchError } from './apply-patches.ts';
import type { Mutant } from './mutant.ts';
import { type ChaosResult, runChaosSeries } from './run-chaos-series.ts';
import { runProcess } from './run-process.ts';
import { runSuite, type SuiteResult } from './run-suite.ts';

/** What became of a planted bug. */
export type Trial =
  | { readonly mutant: Mutant; readonly suite: SuiteResult; readonly chaos: ChaosResult }
  /** It could not even be planted: that counts as survived. */
  | { readonly mutant: Mutant; readonly problem: string };

export const CHAOS = { runs: 60, seed: 18, maxMs: 120_000 } as const;
export const SUITE_MAX_MS = 180_000;

/** Plants a bug in a copy of the tree, tests it, and takes it out again. */
export async function tryMutant(root: string, mutant: Mutant): Promise<Trial> {
  let restore: () => void;
  try {
    restore = applyPatches(root, mutant.patches);
  } catch (error) {
    if (error instanceof PatchError) return { mutant, problem: error.message };
    throw error;
  }
  try {
    const types = await checkTypes(root);
    if (types !== undefined) return { mutant, problem: types };
    const suite = await runSuite(root, mutant.tests, { maxMs: SUITE_MAX_MS, stopsEarly: true });
    return { mutant, suite, chaos: await runChaosSeries(root, { ...CHAOS, faults: mutant.faults }) };
  } finally {
    restore();
  }
}

/** True where a test turned red, or the oracle saw a promise broken. */
export function isCaught(trial: Trial): boolean {
  if ('problem' in trial) return false;
  const { suite, chaos } = trial;
  return suite.outcome === 'red' || (chaos.outcome === 'judged' && chaos.broken.length > 0);
}

/** The first complaint of the compiler; undefined where it has none. What a bug leaves unused is no complaint. */
async function checkTypes(root: string): Promise<string | undefined> {
  const options = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];
  const { exitCode, output } = await runProcess(join(root, 'node_modules/.bin/tsc'), options, {
    cwd: root,
    maxMs: 60_000,
  });
  return exitCode === 0 ? undefined : `does not compile: ${output.split('\n')[0]}`;
}
