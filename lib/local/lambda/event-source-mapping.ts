import { type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { EventSourceMapping, EventSourceMappingState } from '../../breaker/mapping.ts';
import type { Clock } from '../../clock.ts';
import { createBatchHandler, type MappingEvent, type MappingState } from './batch.ts';
import { createInstancePool, type InstancePool, type Invoker } from './instances.ts';

export interface LocalMappingOptions {
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

export interface LocalMapping {
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
export function createLocalMapping(options: LocalMappingOptions): LocalMapping {
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

const MAPPING_STATES: Readonly<Record<MappingState, EventSourceMappingState>> = {
  Enabled: 'on',
  Enabling: 'changing',
  Disabled: 'off',
  Disabling: 'changing',
};

/** The mapping as the breaker turns it. `findMapping`, because its consumers need this before there is a mapping. */
export function toEventSourceMapping(
  findMapping: () => Pick<LocalMapping, 'state' | 'enable' | 'disable'>,
): EventSourceMapping {
  return {
    read: async () => MAPPING_STATES[findMapping().state],
    async turnOn() {
      const mapping = findMapping();
      if (mapping.state === 'Disabled' || mapping.state === 'Disabling') mapping.enable();
    },
    async turnOff() {
      const mapping = findMapping();
      if (mapping.state === 'Enabled' || mapping.state === 'Enabling') mapping.disable();
    },
  };
}

interface PollOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly batchSize: number;
  readonly clock: Clock;
  readonly pool: InstancePool;
  readonly signal: AbortSignal;
  /** Takes the messages of one receive; must not wait for their end. */
  readonly accept: (messages: readonly Message[]) => void;
  readonly onEvent: (event: MappingEvent) => void;
}

// The longest wait that SQS allows.
const WAIT_SECONDS = 20;

// A receive that is empty at once, again and again, is a queue that does not wait: then polling must.
const QUICK_MS = 1000;
const QUICK_EMPTIES_ALLOWED = 3;
const PAUSE_MS = 100;

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** Receives whenever an instance is free, until the signal is aborted. Never rejects: a failed receive is repeated. */
async function pollQueue(options: PollOptions): Promise<void> {
  const { pool, signal, accept, clock, onEvent } = options;
  let retryMs = FIRST_RETRY_MS;
  let quickEmpties = 0;
  const stopped = aborted(signal);

  while (!signal.aborted) {
    await Promise.race([pool.untilRoom(), stopped]);
    if (signal.aborted) return;
    const startedMs = clock.nowMs();
    try {
      const messages = await receive(options);
      retryMs = FIRST_RETRY_MS;
      const isQuickEmpty = messages.length === 0 && clock.nowMs() - startedMs < QUICK_MS;
      quickEmpties = isQuickEmpty ? quickEmpties + 1 : 0;
      if (messages.length > 0) accept(messages);
    } catch (error) {
      if (signal.aborted) return;
      onEvent({ name: 'poll-failed', error, retryMs });
      await pause(retryMs, options);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
    if (quickEmpties > QUICK_EMPTIES_ALLOWED) await pause(PAUSE_MS, options);
  }
}

async function receive({ sqs, queueUrl, batchSize, signal }: PollOptions): Promise<readonly Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: batchSize,
      WaitTimeSeconds: WAIT_SECONDS,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
    { abortSignal: signal },
  );
  return Messages;
}

async function pause(delayMs: number, { clock, signal }: PollOptions): Promise<void> {
  await clock.sleep(delayMs, signal).catch(() => {}); // Aborted: the loop ends.
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
