import type { QueueReader } from '../aws/queues.ts';
import type { Clock } from '../clock.ts';
import type { ConsumerConfig } from '../config/config.ts';
import type { SessionRef } from '../ids.ts';
import { CALLS_OF_A_FETCH, planFetches } from '../ledger/quota.ts';
import type { QuotaNotes } from '../ledger/quota-notes.ts';
import type { Pace } from '../queue/pace.ts';
import type { EnqueueSessions } from '../queue/sessions-queue.ts';

/**
 * Enqueues a few sessions, no more than `pace.step`, as full fetches: once it is their turn and few messages are due, as
 * far as the day's spare calls reach. `failed`: the queue refused some of them.
 */
export async function enqueueStep(
  context: EnqueueContext,
  sessions: readonly SessionRef[],
  { pace, signal }: { readonly pace: Pace; readonly signal: AbortSignal },
): Promise<EnqueuedStep> {
  try {
    signal.throwIfAborted();
    await pace.wait(sessions.length, signal);
    await untilFewAreDue(context, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return { queued: 0, ended: 'interrupted' };
  }
  const granted = await planFetches(context, sessions.length);
  const results = granted === 0 ? [] : await context.enqueue(sessions.slice(0, granted), 'full');
  const queued = results.filter(({ result }) => result.outcome === 'queued').length;
  if (queued < results.length) return { queued, ended: 'failed' };
  return { queued, ended: granted < sessions.length ? 'budget' : undefined };
}

/** What enqueues sessions beside live events, at the pace of a sweep. */
export interface EnqueueContext {
  readonly enqueue: EnqueueSessions;
  /** Of the sessions queue. */
  readonly queueReader: QueueReader;
  readonly quota: Pick<QuotaNotes, 'read' | 'plan'>;
  readonly fetchesPerSecond: number;
  readonly clock: Clock;
}

/** `budget`: live events need the calls that are left today. `failed`: the queue refused some. */
export type StepEnd = 'budget' | 'interrupted' | 'failed';

interface EnqueuedStep {
  readonly queued: number;
  /** Why the others were not; undefined where there are none. */
  readonly ended: StepEnd | undefined;
}

/** Two batches of the consumer. */
const MOST_DUE = 10;
const LOOK_EVERY_MS = 2000;

/** Waits while the consumer has more than a little before it. Rejects with the signal's reason. */
async function untilFewAreDue(context: EnqueueContext, signal: AbortSignal): Promise<void> {
  while (await isBusy(context)) await context.clock.sleep(LOOK_EVERY_MS, signal);
}

export async function isBusy({ queueReader }: Pick<EnqueueContext, 'queueReader'>): Promise<boolean> {
  return (await queueReader.describe()).visible > MOST_DUE;
}

/** As much as one instance of the consumer fetches. There are two at least, so half of them all is left for hooks. */
export function toFetchesPerSecond({
  requestsPerSecond,
  instances,
}: Pick<ConsumerConfig, 'requestsPerSecond' | 'instances'>): number {
  return requestsPerSecond / instances / CALLS_OF_A_FETCH;
}
