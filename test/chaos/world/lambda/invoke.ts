import type { Context } from 'aws-lambda';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { Instance, Lived } from '../instance.ts';
import type { Recorder } from '../recorder.ts';

export interface InvokeDeps {
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly timeoutMs: number;
}

/** Runs one invocation until it ends, or its instance does: by itself, or at the function's timeout. */
export async function invoke<Result>(
  instance: Instance,
  handle: (context: Context) => Promise<Result>,
  { clock, recorder, timeoutMs }: InvokeDeps,
): Promise<Lived<Result>> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  const cancel = clock.schedule(deadlineMs, () => instance.kill('timeout'));
  const lived = await instance.outlive(
    start(() => handle(toContext(instance, () => deadlineMs - clock.nowMs()))),
  );
  cancel();
  // What reaches the platform stands in the function's log.
  if (lived.outcome === 'threw')
    recorder.note({ type: 'line-written', by: instance.name, text: toText(lived.error) });
  return lived;
}

async function start<Result>(run: () => Promise<Result>): Promise<Result> {
  return run();
}

function toContext(instance: Instance, remainingMs: () => number): Context {
  const { name, role } = instance;
  instance.invocations += 1;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: role,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${role}`,
    memoryLimitInMB: '1024',
    awsRequestId: `${name}-request-${instance.invocations}`,
    logGroupName: `/aws/lambda/${role}`,
    logStreamName: name,
    getRemainingTimeInMillis: () => Math.max(0, remainingMs()),
  };
  // Without the callbacks of Node's earlier handlers, which the runtime for nodejs24.x refuses.
  return context as Context;
}

function toText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : `not an error: ${typeof error}`;
}
