import { parseArgs } from 'node:util';
import { FAULTS } from '../../test/chaos/faults/catalogue.ts';
import type { FaultId } from '../../test/chaos/faults/fault.ts';
import { UsageError } from '../deploying/command.ts';

export interface ChaosArguments {
  /** How many runs. */
  readonly runs: number;
  /** Names the series: the same seed gives the same runs. */
  readonly seed: number;
  /** The first run's number, from 0. */
  readonly from: number;
  /** Prints every event of every run. */
  readonly trace: boolean;
  /** Exactly these faults in every run, instead of drawn ones. */
  readonly faults: readonly FaultId[] | undefined;
}

const USAGE =
  'npm run chaos -- [--runs N] [--seed S] [--from K] [--faults F31,F46] [--trace], with whole numbers from 0 to 4294967295; or npm run chaos -- --scenarios.';
const MOST = 2 ** 32 - 1;
const DEFAULT_RUNS = 1000;

/** Throws `UsageError` for anything else. */
export function parseChaosArguments(words: readonly string[]): ChaosArguments {
  const { runs, seed, from, trace = false, faults } = readOptions(words);
  return {
    runs: toNumber(runs, DEFAULT_RUNS),
    seed: toNumber(seed, 1),
    from: toNumber(from, 0),
    trace,
    faults: faults?.split(',').map(toFault),
  };
}

function readOptions(words: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = { runs: text, seed: text, from: text, faults: text, trace: { type: 'boolean' } } as const;
    return parseArgs({ args: [...words], options, strict: true }).values;
  } catch (error) {
    throw new UsageError(USAGE, { cause: error });
  }
}

function toNumber(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,10}$/.test(text) || Number(text) > MOST) throw new UsageError(USAGE);
  return Number(text);
}

function toFault(text: string): FaultId {
  const found = FAULTS.find(({ id }) => id === text);
  if (!found) throw new UsageError(`'${text}' is no fault that can be injected; see docs/faults.md.`);
  return found.id;
}
