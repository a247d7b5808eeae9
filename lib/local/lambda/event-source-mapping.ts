import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../../ports/clock.ts';
import { createBatchHandler } from './create-batch-handler.ts';
import { createInstancePool } from './instance-pool.ts';
import type { Invoker } from './invoker.ts';
import type { MappingEvent, MappingState } from './mapping-event.ts';
import { pollQueue } from './poll-queue.ts';

export interface EventSourceMappingOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  /** Of the function. */
  readonly timeoutSeconds: number;
  /** Makes an instance of the function; called when no warm one is free. */
  readonly createInvoker: () => Invoker | Promise<Invoker>;
  readonly clock: Clock;
  readonly functionName?: string;
  /** How long a change of state takes. On AWS it is seconds to a minute. */
  readonly stateChangeMs?: number;
  readonly onEvent?: (event: MappingEvent) => void;
}

export interface EventSourceMapping {
  /** As the API names it; a change passes through `Disabling` or `Enabling`. */
  readonly state: MappingState;
  /** Begins to poll at once. */
  start(): void;
  /** Asks for a stop of polling; messages are still delivered until it takes effect. */
  disable(): void;
  enable(): void;
  /** Resolves when no invocation runs. */
  idle(): Promise<void>;
  /**
   * Ends the long poll at once, lets running invocations finish for `graceMs`, then ends their instances: their
   * messages come back after their visibility. Resolves with the number of invocations that were cut off.
   */
  stop(options?: { graceMs?: number }): Promise<number>;
}

const DEFAULT_STATE_CHANGE_MS = 3000;
const DEFAULT_GRACE_MS = 5000;

/**
 * Lambda's event source mapping for an SQS queue, as documented: batches of one receive, at most `maximumConcurrency`
 * invocations at once, each on an instance of its own; `ReportBatchItemFailures`; successes are deleted, failures left
 * to their visibility. Which groups of a FIFO queue may be in flight is for the queue to decide.
 */
export function createEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  const { clock, maximumConcurrency, createInvoker, stateChangeMs = DEFAULT_STATE_CHANGE_MS } = options;
  const onEvent = options.onEvent ?? (() => {});
  const pool = createInstancePool({ maximum: maximumConcurrency, createInvoker });
  const cutOff = new AbortController();
  const handleBatch = createBatchHandler({ ...options, pool, onEvent, cutOff: cutOff.signal });
  let state: MappingState = 'Disabled';
  let polling: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  let change = new AbortController();

  function startPolling(): void {
    const stop = new AbortController();
    const accept = (messages: readonly Message[]) => void handleBatch(messages);
    polling ??= { stop, ended: pollQueue({ ...options, pool, onEvent, accept, signal: stop.signal }) };
  }

  async function stopPolling(): Promise<void> {
    const ending = polling;
    polling = undefined;
    ending?.stop.abort();
    await ending?.ended;
  }

  function enter(next: MappingState): void {
    if (next === state) return;
    state = next;
    onEvent({ name: 'state-changed', state });
  }

  function changeState(passing: MappingState, target: MappingState, apply: () => void): void {
    change.abort();
    change = new AbortController();
    enter(passing);
    clock.sleep(stateChangeMs, change.signal).then(
      () => {
        apply();
        enter(target);
      },
      () => {}, // Another change came first.
    );
  }

  async function untilIdle(limitMs: number): Promise<void> {
    if (limitMs <= 0) return;
    const over = new AbortController();
    const limit = clock.sleep(limitMs, over.signal).catch(() => {}); // Idle before.
    await Promise.race([pool.untilIdle(), limit]);
    over.abort();
  }

  return {
    get state() {
      return state;
    },
    start() {
      startPolling();
      enter('Enabled');
    },
    disable: () => changeState('Disabling', 'Disabled', () => void stopPolling()),
    enable: () => changeState('Enabling', 'Enabled', startPolling),
    idle: () => pool.untilIdle(),
    async stop({ graceMs = DEFAULT_GRACE_MS } = {}) {
      change.abort();
      await stopPolling();
      await untilIdle(graceMs);
      const running = pool.busy;
      cutOff.abort();
      await pool.terminate();
      await pool.untilIdle();
      enter('Disabled');
      return running;
    },
  };
}
