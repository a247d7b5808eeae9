import { randomUUID } from 'node:crypto';
import type { Context, SQSEvent } from 'aws-lambda';
import type { Clock } from '../../clock.ts';

/** Instances of one function: at most so many at once, the one used last is used next, as Lambda does. */
export interface InstancePool {
  /** True while another invocation may start. */
  readonly hasRoom: boolean;
  /** How many invocations run. */
  readonly busy: number;
  /** Runs `work` on a warm instance, or on a new one. `retire` says of the result that its instance is not reusable. */
  run<Result>(
    work: (invoker: Invoker) => Promise<Result>,
    retire: (result: Result) => boolean,
  ): Promise<Result>;
  /** Resolves when an invocation ends; at once while there is room. */
  untilRoom(): Promise<void>;
  /** Resolves when none runs. */
  untilIdle(): Promise<void>;
  /** Ends every instance, the busy ones too. */
  terminate(): Promise<void>;
}

interface InstancePoolOptions {
  readonly maximum: number;
  readonly createInvoker: () => Invoker | Promise<Invoker>;
}

export function createInstancePool({ maximum, createInvoker }: InstancePoolOptions): InstancePool {
  const warm: Invoker[] = [];
  const all = new Set<Invoker>();
  let busy = 0;
  let changed = Promise.withResolvers<void>();

  async function run<Result>(
    work: (invoker: Invoker) => Promise<Result>,
    retire: (result: Result) => boolean,
  ): Promise<Result> {
    busy += 1;
    try {
      const invoker = warm.pop() ?? (await createInvoker());
      all.add(invoker);
      const result = await work(invoker);
      if (retire(result)) await end(invoker);
      else warm.push(invoker);
      return result;
    } finally {
      busy -= 1;
      changed.resolve();
      changed = Promise.withResolvers();
    }
  }

  async function end(invoker: Invoker): Promise<void> {
    if (all.delete(invoker)) await invoker.terminate?.();
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await changed.promise;
  }

  return {
    get hasRoom() {
      return busy < maximum;
    },
    get busy() {
      return busy;
    },
    run,
    untilRoom: () => until(() => busy < maximum),
    untilIdle: () => until(() => busy === 0),
    async terminate() {
      await Promise.all([...all].map(end));
    },
  };
}

export type InvocationResult =
  | { readonly outcome: 'returned'; readonly response: unknown }
  | { readonly outcome: 'threw'; readonly error: unknown }
  | { readonly outcome: 'timed-out' }
  | { readonly outcome: 'cut-off' };

interface InvocationOptions {
  readonly functionName: string;
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  /** Aborted when nobody waits for invocations any more. */
  readonly cutOff: AbortSignal;
}

/**
 * Runs one invocation to its end, to its deadline, or until it is cut off, whichever comes first; a later result is
 * nobody's. Never rejects.
 */
export async function invokeWithDeadline(
  invoker: Invoker,
  event: SQSEvent,
  { functionName, timeoutSeconds, clock, cutOff }: InvocationOptions,
): Promise<InvocationResult> {
  const timeoutMs = timeoutSeconds * 1000;
  const context = createLambdaContext({ functionName, clock, deadlineMs: clock.nowMs() + timeoutMs });
  const finished = new AbortController();
  const signal = AbortSignal.any([cutOff, finished.signal]);
  const limit = clock.sleep(timeoutMs, signal).then(
    () => ({ outcome: 'timed-out' }) as const,
    () => ({ outcome: 'cut-off' }) as const,
  );

  const result = await Promise.race([run(() => invoker.invoke(event, context)), limit]);
  finished.abort();
  return result;
}

async function run(invoke: () => Promise<unknown>): Promise<InvocationResult> {
  try {
    return { outcome: 'returned', response: await invoke() };
  } catch (error) {
    return { outcome: 'threw', error };
  }
}

/**
 * One instance of a function: what Lambda calls an execution environment. It has its own module state, keeps it while
 * it is reused, and never runs two invocations at once.
 */
export interface Invoker {
  /** Resolves with what the handler returned; rejects with what it threw. */
  invoke(event: SQSEvent, context: Context): Promise<unknown>;
  /** Ends the instance, also in the middle of an invocation where it can. It is not used again. */
  terminate?(): void | Promise<void>;
}

interface LambdaContextOptions {
  readonly functionName: string;
  readonly clock: Clock;
  /** Epoch ms at which the invocation is ended. */
  readonly deadlineMs: number;
  readonly memoryMb?: number;
  readonly region?: string;
  readonly accountId?: string;
}

/** The context of one invocation, with the fields that Lambda's Node runtime gives it. */
export function createLambdaContext({
  functionName,
  clock,
  deadlineMs,
  memoryMb = 1024,
  region = 'us-east-1',
  accountId = '000000000000',
}: LambdaContextOptions): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    memoryLimitInMB: String(memoryMb),
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `local/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - clock.nowMs()),
    // The three of Node's earlier handlers: the type still asks for them, the runtime for nodejs24.x refuses them.
    done: refuseCallback,
    fail: refuseCallback,
    succeed: refuseCallback,
  };
}

function refuseCallback(): never {
  throw new Error('Handlers return a promise; callbacks are not supported');
}
