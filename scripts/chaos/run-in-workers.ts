import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { FAULTS } from '../../test/chaos/faults/catalogue.ts';
import type { FaultId } from '../../test/chaos/faults/fault.ts';
import type { JudgedRun } from '../../test/chaos/run-chaos.ts';
import { UsageError } from '../deploying/command.ts';

interface WorkersOptions extends ChaosArguments {
  readonly workers: number;
}

const WORKER = new URL('./worker.ts', import.meta.url);

/** Runs the series in threads; each takes the next run as soon as it is through with one. Told of each as it ends. */
export async function runInWorkers(options: WorkersOptions, onRun: (run: JudgedRun) => void): Promise<void> {
  const { from, runs, workers } = options;
  let next = from;
  const takeNext = () => (next < from + runs ? next++ : undefined);
  await Promise.all(
    Array.from({ length: Math.min(workers, runs) }, () => runWorker(options, takeNext, onRun)),
  );
}

async function runWorker(
  { seed, trace, faults }: WorkersOptions,
  takeNext: () => number | undefined,
  onRun: (run: JudgedRun) => void,
): Promise<void> {
  const worker = new Worker(WORKER, { workerData: { seed, trace, faults } });
  try {
    for (let run = takeNext(); run !== undefined; run = takeNext()) {
      worker.postMessage(run);
      onRun(await untilJudged(worker, run));
    }
  } finally {
    await worker.terminate();
  }
}

// A run takes a fraction of a second, and on a machine that is busy with other work sometimes more than a minute. One that
// hangs, or never ends, is a defect like any other.
const LONGEST_RUN_MS = 5 * 60_000;

/** Rejects where the thread ends with an error instead. */
async function untilJudged(worker: Worker, run: number): Promise<JudgedRun> {
  const signal = AbortSignal.timeout(LONGEST_RUN_MS);
  try {
    const [judged]: JudgedRun[] = await once(worker, 'message', { signal });
    if (judged) return judged;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw new Error(`Run ${run} did not come to its end`);
}

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
  if (!found) throw new UsageError(`'${text}' is no fault that can be injected; see test/chaos/faults/.`);
  return found.id;
}
