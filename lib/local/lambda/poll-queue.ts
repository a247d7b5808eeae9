import { type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../../ports/clock.ts';
import type { InstancePool } from './instance-pool.ts';
import type { MappingEvent } from './mapping-event.ts';

export interface PollOptions {
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
export async function pollQueue(options: PollOptions): Promise<void> {
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
