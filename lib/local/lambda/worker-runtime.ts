import { parentPort, workerData } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import type { WorkerReply, WorkerRequest } from './create-worker-invoker.ts';

// What Lambda's runtime does, in a worker: loads the module once, then runs its handler for each event.

type Handler = (event: unknown, context: Context) => unknown;

const { module, handlerName }: { module: string; handlerName: string } = workerData;
const loading: Promise<Record<string, unknown>> = import(module);
loading.catch(() => {}); // Each invocation reports it.

parentPort?.on('message', async (request: WorkerRequest) => {
  parentPort?.postMessage(await run(request));
});

async function run({ id, event, context, remainingMs }: WorkerRequest): Promise<WorkerReply> {
  const deadline = performance.now() + remainingMs;
  try {
    // Whatever is exported under the name that was asked for is called; a mistake is the error of that call.
    const handler = (await loading)[handlerName] as Handler;
    const response = await handler(event, {
      ...context,
      getRemainingTimeInMillis: () => Math.max(0, deadline - performance.now()),
      done: refuseCallback,
      fail: refuseCallback,
      succeed: refuseCallback,
    });
    return { id, outcome: 'returned', json: JSON.stringify(response) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    return { id, outcome: 'threw', name, message };
  }
}

function refuseCallback(): never {
  throw new Error('Handlers return a promise; callbacks are not supported');
}
