import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Context, SQSEvent } from 'aws-lambda';
import type { Invoker } from './invoker.ts';

export interface WorkerInvokerOptions {
  /** File URL of the module that exports the handler. */
  readonly module: URL;
  /** Name of that export. */
  readonly handlerName?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Heap of the instance; beyond it the instance dies, as on Lambda. */
  readonly memoryMb?: number;
}

/** What is sent into the worker: functions cannot be. */
export interface WorkerRequest {
  readonly id: number;
  readonly event: SQSEvent;
  readonly context: Pick<Context, (typeof PLAIN_CONTEXT_FIELDS)[number]>;
  readonly remainingMs: number;
}

/** What comes out of it. */
export type WorkerReply =
  | { readonly id: number; readonly outcome: 'returned'; readonly json: string | undefined }
  | { readonly id: number; readonly outcome: 'threw'; readonly name: string; readonly message: string };

export const PLAIN_CONTEXT_FIELDS = [
  'callbackWaitsForEmptyEventLoop',
  'functionName',
  'functionVersion',
  'invokedFunctionArn',
  'memoryLimitInMB',
  'awsRequestId',
  'logGroupName',
  'logStreamName',
] as const;

const RUNTIME = new URL('./worker-runtime.ts', import.meta.url);

/**
 * An instance of a function in a thread of its own: nothing but its environment is shared, and ending it ends whatever
 * it is doing, an endless loop too. `invoke` rejects where the thread dies, and starts a new one the next time.
 */
export function createWorkerInvoker(options: WorkerInvokerOptions): Invoker {
  let worker: Worker | undefined;
  let lastId = 0;

  return {
    async invoke(event, context) {
      worker ??= startWorker(options, () => {
        worker = undefined;
      });
      lastId += 1;
      worker.postMessage(toRequest(lastId, event, context));
      return readReply(worker, lastId);
    },
    async terminate() {
      await worker?.terminate();
    },
  };
}

function startWorker(
  { module, handlerName = 'handler', env, memoryMb }: WorkerInvokerOptions,
  onExit: () => void,
) {
  const worker = new Worker(RUNTIME, {
    workerData: { module: module.href, handlerName },
    ...(env && { env }),
    ...(memoryMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
  });
  worker.once('exit', onExit);
  worker.on('error', () => {}); // The invocation that waits sees it as well.
  worker.unref();
  return worker;
}

function toRequest(id: number, event: SQSEvent, context: Context): WorkerRequest {
  // The fields are those of the list, which the type names one by one.
  const plain = Object.fromEntries(PLAIN_CONTEXT_FIELDS.map((field) => [field, context[field]]));
  return {
    id,
    event,
    context: plain as WorkerRequest['context'],
    remainingMs: context.getRemainingTimeInMillis(),
  };
}

async function readReply(worker: Worker, id: number): Promise<unknown> {
  const over = new AbortController();
  const exited = once(worker, 'exit', { signal: over.signal }).then(
    ([code]) => Promise.reject(new Error(`The instance ended (exit code ${code})`)),
    () => new Promise<never>(() => {}), // A reply came first.
  );
  try {
    return await Promise.race([untilReply(worker, id, over.signal), exited]);
  } finally {
    over.abort();
  }
}

async function untilReply(worker: Worker, id: number, signal: AbortSignal): Promise<unknown> {
  while (true) {
    const [reply]: WorkerReply[] = await once(worker, 'message', { signal });
    if (reply === undefined || reply.id !== id) continue;
    if (reply.outcome === 'returned') return reply.json === undefined ? undefined : JSON.parse(reply.json);
    throw Object.assign(new Error(reply.message), { name: reply.name });
  }
}
