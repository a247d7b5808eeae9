import type { SQSEvent } from 'aws-lambda';
import type { Clock } from '../../ports/clock.ts';
import type { Invoker } from './invoker.ts';
import { createLambdaContext } from './lambda-context.ts';

export type InvocationResult =
  | { readonly outcome: 'returned'; readonly response: unknown }
  | { readonly outcome: 'threw'; readonly error: unknown }
  | { readonly outcome: 'timed-out' }
  | { readonly outcome: 'cut-off' };

export interface InvocationOptions {
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
