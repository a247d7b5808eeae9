import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toSqsFailure } from '../aws/failures.ts';
import { createSqsQueueReader } from '../aws/queues.ts';
import type { Clock } from '../clock.ts';
import { createPace } from '../queue/pace.ts';

interface RecordRedriveContext {
  readonly sqs: SQSClient;
  readonly sourceUrl: string;
  /** The queue of records. */
  readonly destinationUrl: string;
  readonly clock: Clock;
}

export interface RecordRedriveOptions {
  readonly ratePerSecond: number;
  /** The most records; undefined: all that are there when it begins. */
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((report: RecordRedriveReport) => void) | undefined;
}

export interface RecordRedriveReport {
  /** Visible when it began, as far as SQS tells. */
  readonly found: number;
  /** Sent to the queue of records, and deleted here. */
  readonly moved: number;
  /** Sent, and not deleted here: the next redrive brings a duplicate, which is harmless. */
  readonly duplicated: number;
  /** Left, because the queue of records did not take them. */
  readonly failed: number;
  readonly ended: 'complete' | 'interrupted';
}

// Long enough for a step of ten, and short for whoever runs it again after a kill.
const VISIBILITY_SECONDS = 60;
const LARGEST_PAGE = 10;
// What SNS adds to a message that it could not deliver. A message may have ten attributes, and a record has up to seven.
const OF_SNS = new Set(['RequestID', 'ErrorCode', 'ErrorMessage']);

/**
 * Sends records that did not arrive to the queue of records again, as they are, and deletes each once it is sent: a crash
 * between the two duplicates and never loses, and consumers keep the highest version. Run again, it goes on. SQS itself
 * redrives only what SQS put aside, so what SNS put aside has to be moved by hand. Rejects with `OperationError` where
 * nothing could be moved.
 */
export async function redriveRecords(
  context: RecordRedriveContext,
  { ratePerSecond, max = Number.POSITIVE_INFINITY, signal, onProgress }: RecordRedriveOptions,
): Promise<RecordRedriveReport> {
  const { sqs, sourceUrl, clock } = context;
  const { visible } = await createSqsQueueReader(sqs, sourceUrl).describe();
  const found = Math.min(visible, max);
  const pace = createPace(ratePerSecond, clock);
  let report: RecordRedriveReport = { found, moved: 0, duplicated: 0, failed: 0, ended: 'complete' };
  const handled = () => report.moved + report.duplicated + report.failed;
  let firstFailure: unknown;

  while (handled() < found) {
    const wanted = Math.min(pace.step, LARGEST_PAGE, found - handled());
    const isInTime = await pace.wait(wanted, signal).then(
      () => !signal.aborted,
      () => false,
    );
    if (!isInTime) return { ...report, ended: 'interrupted' };
    const messages = await receive(context, wanted);
    if (messages.length === 0) break;
    const outcomes = await Promise.all(messages.map((message) => move(context, message)));
    for (const { outcome, failure } of outcomes) {
      report = { ...report, [outcome]: report[outcome] + 1 };
      firstFailure ??= failure;
    }
    onProgress?.(report);
    if (report.failed === handled() && firstFailure !== undefined) throw firstFailure;
  }
  return report;
}

async function receive({ sqs, sourceUrl }: RecordRedriveContext, count: number): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: sourceUrl,
    MaxNumberOfMessages: count,
    VisibilityTimeout: VISIBILITY_SECONDS,
    // One that does not wait may come back empty from a queue that is not.
    WaitTimeSeconds: 1,
    MessageAttributeNames: ['All'],
  });
  const { Messages = [] } = await sqs.send(command).catch(toSqsFailure('sqs:ReceiveMessage', sourceUrl));
  return Messages;
}

interface Moved {
  readonly outcome: 'moved' | 'duplicated' | 'failed';
  readonly failure?: unknown;
}

async function move(
  { sqs, sourceUrl, destinationUrl }: RecordRedriveContext,
  { Body, MessageAttributes = {}, ReceiptHandle }: Message,
): Promise<Moved> {
  const own = { QueueUrl: sourceUrl, ReceiptHandle };
  const send = new SendMessageCommand({
    QueueUrl: destinationUrl,
    MessageBody: Body,
    MessageAttributes: withoutSns(MessageAttributes),
  });
  try {
    await sqs.send(send).catch(toSqsFailure('sqs:SendMessage', destinationUrl));
  } catch (failure) {
    // At once, for the next one who tries; else within a minute.
    await sqs
      .send(new ChangeMessageVisibilityCommand({ ...own, VisibilityTimeout: 0 }))
      .catch(() => undefined);
    return { outcome: 'failed', failure };
  }
  return sqs.send(new DeleteMessageCommand(own)).then(
    () => ({ outcome: 'moved' }),
    () => ({ outcome: 'duplicated' }),
  );
}

function withoutSns(
  attributes: Readonly<Record<string, MessageAttributeValue>>,
): Record<string, MessageAttributeValue> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !OF_SNS.has(name)));
}
