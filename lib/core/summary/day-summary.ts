import type { OperatedQueueName } from '../operated-stage.ts';

/** What a day came to, in numbers and codes: nothing of it says anything about a person. */
export interface DaySummary {
  readonly stage: string;
  /** For the commands that the mail names; undefined: left out of them. */
  readonly region?: string | undefined;
  /** Epoch ms: when it was made; it looks back a day from there. */
  readonly madeMs: number;
  /** Hooks that were answered with 202. */
  readonly accepted: number;
  /** Records that went to the topic. */
  readonly announced: number;
  /** Fetches that found nothing new. */
  readonly unchanged: number;
  /** Jobs that failed for good on that day, by code, the most frequent first. */
  readonly deaths: readonly DeathCount[];
  readonly queues: readonly ObservedQueue[];
}

export interface DeathCount {
  readonly code: string;
  readonly count: number;
}

export interface ObservedQueue {
  readonly name: OperatedQueueName;
  /** In it at the moment, in flight and delayed ones included, as far as SQS tells. */
  readonly messages: number;
  /** Of the oldest message; 0 where there is none. */
  readonly oldestSeconds: number;
}
