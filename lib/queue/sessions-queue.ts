import {
  type BatchResultErrorEntry,
  SendMessageBatchCommand,
  type SendMessageBatchResult,
  SendMessageCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { toSqsFailure } from '../aws/failures.ts';
import type { Clock } from '../clock.ts';
import type { CoalesceWindow } from '../config/config.ts';
import { OperationError } from '../errors.ts';
import type { FetchMode, SessionRef } from '../ids.ts';
import { type CoalescedJob, splitBatches, toCoalescedJob } from './coalesce.ts';
import { encodeJob } from './job.ts';

/** What SQS returned for a job: the id is the same for all jobs that were coalesced into one message. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

/** Where the webhook puts jobs. */
export interface SessionQueue {
  /** Resolves only once the queue has durably accepted the job; rejects otherwise, also when it takes too long. */
  send(job: CoalescedJob): Promise<QueuedMessage>;
}

/** What became of one job of many: in the queue for good, or not. */
export type SendResult =
  | { readonly outcome: 'queued'; readonly messageId: string }
  | {
      readonly outcome: 'failed';
      /** In snake case: SQS's own code, or `unanswered` where SQS said nothing about the job. */
      readonly code: string;
      /** True where the same send may succeed later. */
      readonly mayRetry: boolean;
    };

/** Where tools put many jobs at once. */
export interface SessionBatches {
  /** Sends all jobs and resolves with a result for each, in their order. Rejects only where the caller has to repair something. */
  sendAll(jobs: readonly CoalescedJob[]): Promise<readonly SendResult[]>;
}

interface EnqueueSessionsDependencies {
  readonly batches: SessionBatches;
  readonly coalesce: CoalesceWindow;
  readonly clock: Clock;
}

interface EnqueuedSession {
  readonly session: SessionRef;
  readonly result: SendResult;
  /** Its fetch begins then at the earliest, epoch ms. */
  readonly notBeforeMs: number;
}

export type EnqueueSessions = ReturnType<typeof createEnqueueSessions>;

/**
 * Asks for one or many sessions as an event of this moment would: a job in the current bucket, so that it becomes one
 * fetch with whatever else happens in it. Resolves with what became of each; rejects where every request fails.
 */
export function createEnqueueSessions({ batches, coalesce, clock }: EnqueueSessionsDependencies) {
  return async (sessions: readonly SessionRef[], mode: FetchMode): Promise<readonly EnqueuedSession[]> => {
    const nowMs = clock.nowMs();
    const jobs = sessions.map((session) => toCoalescedJob(session, mode, nowMs, coalesce));
    const results = await batches.sendAll(jobs);
    return sessions.map((session, index) => ({
      session,
      result: results[index] ?? UNANSWERED,
      notBeforeMs: jobs[index]?.job.notBeforeMs ?? nowMs,
    }));
  };
}

interface SqsSessionBatchesDeps {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly clock: Clock;
}

// Beside the SDK's own tries of a whole request: 0.2, 0.4 and 0.8 s for entries that SQS could not take at the moment.
const MAX_ROUNDS = 4;
const FIRST_PAUSE_MS = 200;

// Requests under way at a time: a thousand jobs are a hundred requests of some 20 ms.
const LANES = 10;

interface Entry {
  /** Its place among all jobs; also its id within a batch, where ids must differ. */
  readonly index: number;
  readonly body: string;
  readonly job: CoalescedJob;
}

/** Sends jobs to the sessions queue in batches of ten. Rejects with `OperationError` where every request fails. */
export function createSqsSessionBatches({ sqs, queueUrl, clock }: SqsSessionBatchesDeps): SessionBatches {
  return {
    async sendAll(jobs) {
      const results = new Map<number, SendResult>();
      let entries = jobs.map((job, index) => ({ index, job, body: encodeJob(job.job) }));
      for (let round = 0; round < MAX_ROUNDS && entries.length > 0; round += 1) {
        if (round > 0) await clock.sleep(FIRST_PAUSE_MS * 2 ** (round - 1));
        const requests = splitBatches(entries, bytesOf);
        const failures = await sendBatches(requests, results);
        if (round === 0 && failures.length === requests.length) throw failures[0];
        entries = entries.filter(({ index }) => mayRetry(results.get(index)));
      }
      return jobs.map((_job, index) => results.get(index) ?? UNANSWERED);
    },
  };

  /** Returns why whole requests failed; the jobs of each have failed then, and no other. */
  async function sendBatches(
    batches: readonly Entry[][],
    results: Map<number, SendResult>,
  ): Promise<OperationError[]> {
    const failures: OperationError[] = [];
    const waiting = batches.values();
    const lane = async () => {
      for (const batch of waiting) {
        await sendBatch(batch, results).catch((thrown: unknown) => {
          if (!(thrown instanceof OperationError)) throw thrown;
          failures.push(thrown);
          const { code } = thrown;
          for (const { index } of batch)
            results.set(index, { outcome: 'failed', code, mayRetry: code === 'aws_failed' });
        });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return failures;
  }

  async function sendBatch(batch: readonly Entry[], results: Map<number, SendResult>): Promise<void> {
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: batch.map(toEntry) });
    const answer = await sqs.send(command).catch(toSqsFailure('sqs:SendMessage', queueUrl));
    // A request that SQS answers with 200 may have taken some entries and refused others.
    for (const { index } of batch) results.set(index, readResult(answer, String(index)));
  }
}

// SQS does not say that it took this one, so it did not: a second send is harmless, a lost job is not.
const UNANSWERED: SendResult = { outcome: 'failed', code: 'unanswered', mayRetry: true };

function readResult(
  { Successful = [], Failed = [] }: Partial<SendMessageBatchResult>,
  id: string,
): SendResult {
  const failed = Failed.find(({ Id }) => Id === id);
  if (failed) return toFailed(failed);
  const messageId = Successful.find(({ Id }) => Id === id)?.MessageId;
  return messageId ? { outcome: 'queued', messageId } : UNANSWERED;
}

function toFailed({ Code = 'unknown', SenderFault }: BatchResultErrorEntry): SendResult {
  return { outcome: 'failed', code: toSnakeCase(Code), mayRetry: SenderFault !== true };
}

function toEntry({ index, body, job }: Entry) {
  return {
    Id: String(index),
    MessageBody: body,
    MessageGroupId: job.groupId,
    MessageDeduplicationId: job.deduplicationId,
  };
}

function bytesOf({ body }: Entry): number {
  return Buffer.byteLength(body);
}

function mayRetry(result: SendResult | undefined): boolean {
  return result?.outcome === 'failed' && result.mayRetry;
}

function toSnakeCase(code: string): string {
  return code
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
}

/** The sessions queue on SQS FIFO: equal jobs become one message there, and both sends get its id. */
export function createSqsSessionQueue(sqs: SQSClient, queueUrl: string): SessionQueue {
  return {
    async send({ job, groupId, deduplicationId }) {
      const { MessageId, SequenceNumber } = await sqs.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: encodeJob(job),
          MessageGroupId: groupId,
          MessageDeduplicationId: deduplicationId,
        }),
      );
      // The id is the proof that the message is durable: an answer without one does not count.
      if (!MessageId) throw new MessageIdMissingError();
      return { messageId: MessageId, sequenceNumber: SequenceNumber };
    },
  };
}

class MessageIdMissingError extends Error {
  override readonly name = 'MessageIdMissing';
}

/**
 * Two tries and the pause between them stay below the three seconds that a delivery waits for the queue: a failure that
 * is reported early is better than a success that comes too late.
 */
export const WEBHOOK_SQS_TIMES = { maxAttempts: 2, connectionTimeoutMs: 700, requestTimeoutMs: 1300 };

/** The webhook's own SQS client; `config` adds what differs from the SDK's variables. It keeps connections open. */
export function createWebhookSqsClient(config: SQSClientConfig = {}): SQSClient {
  const { maxAttempts, connectionTimeoutMs, requestTimeoutMs } = WEBHOOK_SQS_TIMES;
  return new SQSClient({
    maxAttempts,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
    ...config,
  });
}
