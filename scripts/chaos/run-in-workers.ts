import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { JudgedRun } from '../../test/chaos/judged-run.ts';
import type { ChaosArguments } from './parse-chaos-arguments.ts';

export interface WorkersOptions extends ChaosArguments {
  readonly workers: number;
}

const WORKER = new URL('./chaos-worker.ts', import.meta.url);

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

// A run takes a fraction of a second. One that hangs, or never ends, is a defect like any other.
const LONGEST_RUN_MS = 60_000;

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
