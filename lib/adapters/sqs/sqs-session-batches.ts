import {
  type BatchResultErrorEntry,
  SendMessageBatchCommand,
  type SendMessageBatchResult,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { CoalescedJob } from '../../core/job/coalesce.ts';
import { encodeJob } from '../../core/job/encode-job.ts';
import { splitBatches } from '../../core/job/split-batches.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SendResult, SessionBatches } from '../../ports/session-queue.ts';
import { toSqsFailure } from './sqs-failure.ts';

export interface SqsSessionBatchesDeps {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly clock: Clock;
}

// Beside the SDK's own tries of a whole request: 0.2, 0.4 and 0.8 s for entries that SQS could not take at the moment.
const MAX_ROUNDS = 4;
const FIRST_PAUSE_MS = 200;

interface Entry {
  /** Its place among all jobs; also its id within a batch, where ids must differ. */
  readonly index: number;
  readonly body: string;
  readonly job: CoalescedJob;
}

/** Sends jobs to the sessions queue in batches of ten. Rejects with `OperationError` where a whole request fails. */
export function createSqsSessionBatches({ sqs, queueUrl, clock }: SqsSessionBatchesDeps): SessionBatches {
  return {
    async sendAll(jobs) {
      const results = new Map<number, SendResult>();
      let entries = jobs.map((job, index) => ({ index, job, body: encodeJob(job.job) }));
      for (let round = 0; round < MAX_ROUNDS && entries.length > 0; round += 1) {
        if (round > 0) await clock.sleep(FIRST_PAUSE_MS * 2 ** (round - 1));
        for (const batch of splitBatches(entries, bytesOf)) await sendBatch(batch, results);
        entries = entries.filter(({ index }) => mayRetry(results.get(index)));
      }
      return jobs.map((_job, index) => results.get(index) ?? UNANSWERED);
    },
  };

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
