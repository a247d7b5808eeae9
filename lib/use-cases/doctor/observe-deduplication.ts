import type { Observation } from '../../core/doctor/observation.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ScratchQueues } from '../../ports/scratch-queues.ts';

export interface ObserveDeduplicationDependencies {
  readonly queues: ScratchQueues;
  readonly clock: Clock;
}

// As short as makes sure that the second is sent while the first is still delayed.
const DELAY_SECONDS = 5;
const PATIENCE_MS = 1000;
// The second look finds what the first kept back.
const LOOKS = 2;

/**
 * Sends two messages with one deduplication id to a queue of its own, the second while the first is delayed, and counts
 * what arrives. The queue is deleted, whatever happens.
 */
export async function observeDeduplication({
  queues,
  clock,
}: ObserveDeduplicationDependencies): Promise<Observation> {
  const queue = await queues.create(DELAY_SECONDS);
  try {
    await queue.send('first', 'one-id');
    await queue.send('second', 'one-id');
    await clock.sleep(DELAY_SECONDS * 1000 + PATIENCE_MS);
    const taken: string[] = [];
    for (let look = 0; look < LOOKS; look += 1) taken.push(...(await queue.take()));
    return toObservation(taken);
  } finally {
    await queue.remove();
  }
}

function toObservation(taken: readonly string[]): Observation {
  const question = 'two sends with one deduplication id within the delay of a FIFO queue are one message';
  if (taken.length === 1)
    return { question, outcome: 'seen', answer: `yes: the ${taken[0]} came, and no other` };
  const answer = taken.length === 0 ? 'none came' : `no: ${taken.length} came`;
  return { question, outcome: 'not_seen', answer, isProblem: true };
}
