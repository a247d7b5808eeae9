import type { Context, SQSEvent } from 'aws-lambda';

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
