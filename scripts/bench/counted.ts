import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { runAws } from './aws.ts';
import { runCalls } from './calls.ts';
import { runQuota } from './quota.ts';
import { runPeers } from './rate.ts';
import type { SuiteResult } from './report.ts';

/** The suites that hold no time against a bound: they may run side by side. */
export const COUNTED_SUITES = { calls: runCalls, quota: runQuota, aws: runAws, peers: runPeers } as const;

type Options = Parameters<typeof runCalls>[0];

/** Runs one of them in a thread of its own. */
export async function runCounted(name: keyof typeof COUNTED_SUITES, options: Options): Promise<SuiteResult> {
  const worker = new Worker(import.meta.filename, { workerData: { name, options } });
  const [result] = await once(worker, 'message');
  await worker.terminate();
  return result;
}

if (!isMainThread) {
  const { name, options }: { name: keyof typeof COUNTED_SUITES; options: Options } = workerData;
  parentPort?.postMessage(await COUNTED_SUITES[name](options));
}
