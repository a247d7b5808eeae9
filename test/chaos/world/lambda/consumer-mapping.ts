import type { SQSEvent } from 'aws-lambda';
import type { ConsumerHandler } from '../../../../lib/app/create-consumer-handler.ts';
import { readBatchResponse } from '../../../../lib/local/lambda/read-batch-response.ts';
import { toSqsEvent } from '../../../../lib/local/lambda/to-sqs-event.ts';
import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { NamedQueue } from '../aws/sqs/named-queue.ts';
import type { ReceivedEntry } from '../aws/sqs/queue-message.ts';
import { toSdkMessage } from '../aws/sqs/to-sdk-message.ts';
import type { Recorder } from '../recorder.ts';
import { CONSUMER_TIMEOUT_MS } from '../settings.ts';
import type { FunctionPool } from './function-pool.ts';
import { invoke } from './invoke.ts';
import { createMappingState, type MappingState } from './mapping-state.ts';

/** What faults change of Lambda's poller; each is asked for every batch. */
export interface MappingTroubles {
  /** The batch is received, and never arrives: `lost` on the way, or `throttled` by Lambda. */
  dropsBatch?: () => boolean;
  /** The queue shows the messages again after this many seconds already. */
  visibilitySeconds?: () => number | undefined;
  /** The response on its way to Lambda. */
  changeResponse?: (response: unknown) => unknown;
  /** What succeeded is not deleted. */
  losesDelete?: () => boolean;
}

export interface ConsumerMapping {
  readonly state: MappingState;
  troubles: MappingTroubles;
  /** True while no invocation runs. */
  readonly isIdle: boolean;
}

export interface ConsumerMappingDeps {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly sessions: NamedQueue;
  readonly pool: FunctionPool<ConsumerHandler>;
  readonly concurrency: number;
}

// infra/functions.yml.
const BATCH_SIZE = 5;

const POLL_MS = [5, 150] as const;

/** Lambda's event source mapping: polls, invokes, and deletes what the function did not report as failed. */
export function createConsumerMapping(deps: ConsumerMappingDeps): ConsumerMapping {
  const { clock, random, recorder, sessions, pool, concurrency } = deps;
  const { queue } = sessions;
  let busy = 0;
  let poll: { readonly atMs: number; readonly cancel: () => void } | undefined;
  const state = createMappingState({ clock, random, recorder, onChange: () => pollSoon() });
  const mapping: ConsumerMapping = {
    state,
    troubles: {},
    get isIdle() {
      return busy === 0;
    },
  };
  sessions.onChange = () => pollSoon();
  return mapping;

  function pollSoon(): void {
    pollAt(clock.nowMs() + random.integer(...POLL_MS));
  }

  function pollAt(atMs: number): void {
    if (!state.isPolling || busy >= concurrency) return;
    if (poll !== undefined && poll.atMs <= atMs) return;
    poll?.cancel();
    poll = { atMs, cancel: clock.schedule(atMs, receive) };
  }

  function receive(): void {
    poll = undefined;
    if (!state.isPolling || busy >= concurrency) return;
    const batch = queue.receive(BATCH_SIZE, mapping.troubles.visibilitySeconds?.());
    if (batch.length > 0) {
      void handle(batch);
      pollSoon();
      return;
    }
    const dueMs = queue.nextDueMs();
    if (dueMs !== undefined) pollAt(dueMs + random.integer(...POLL_MS));
  }

  async function handle(batch: readonly ReceivedEntry[]): Promise<void> {
    busy += 1;
    try {
      if (!mapping.troubles.dropsBatch?.()) await run(batch);
    } finally {
      busy -= 1;
      pollSoon();
    }
  }

  async function run(batch: readonly ReceivedEntry[]): Promise<void> {
    const warm = await pool.acquire();
    if (!warm) return;
    const { instance, handler } = warm;
    const event = toEvent(batch, sessions.arn);
    const lived = await invoke(instance, (context) => handler(event, context), {
      clock,
      recorder,
      timeoutMs: CONSUMER_TIMEOUT_MS,
    });
    pool.release(warm);
    const messageIds = batch.map(({ message }) => message.messageId);
    const answered = lived.outcome === 'returned' ? readFailed(lived.value, messageIds) : undefined;
    recorder.note({
      type: 'batch-answered',
      instance: instance.name,
      messageIds,
      ...(answered && { failedIds: answered }),
    });
    const { changeResponse } = mapping.troubles;
    const arrived =
      lived.outcome === 'returned' && changeResponse
        ? readFailed(changeResponse(lived.value), messageIds)
        : answered;
    if (arrived) await settle(batch, new Set(arrived));
  }

  async function settle(batch: readonly ReceivedEntry[], failed: ReadonlySet<string>): Promise<void> {
    await clock.sleep(random.integer(2, 30));
    if (mapping.troubles.losesDelete?.()) return;
    for (const { message, receiptHandle } of batch)
      if (!failed.has(message.messageId)) queue.delete(receiptHandle);
  }
}

/** The ids that failed; undefined for a response that makes the whole batch a failure. */
function readFailed(response: unknown, messageIds: readonly string[]): string[] | undefined {
  const read = readBatchResponse(response, new Set(messageIds));
  return read.outcome === 'reported' ? [...read.failedIds] : undefined;
}

function toEvent(batch: readonly ReceivedEntry[], arn: string): SQSEvent {
  const messages = batch.map((entry) => toSdkMessage(entry, { MessageSystemAttributeNames: ['All'] }));
  return toSqsEvent(messages, arn);
}
