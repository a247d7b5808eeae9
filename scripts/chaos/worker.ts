import { parentPort, workerData } from 'node:worker_threads';
import { type JudgedRunOptions, runJudged } from '../../test/chaos/run-chaos.ts';

// A thread of `npm run chaos`: one run for each number that it is sent.
const { seed, ...options }: JudgedRunOptions & { readonly seed: number } = workerData;

parentPort?.on('message', async (run: number) => {
  parentPort?.postMessage(await runJudged(seed, run, options));
});
