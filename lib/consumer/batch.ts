import { BadInvocationError, type JobError, toJobError } from '../errors.ts';
import { decodeJob, type ReceivedMessage, type SessionJob, toSequenceNumber } from '../queue/job.ts';
import { isJsonObject, toShape } from '../text.ts';
import {
  type ConsumerContext,
  type DecodedMessage,
  type Invocation,
  type MessageOutcome,
  type SessionUnit,
  type SettledMessage,
  toSession,
  toSessionUnits,
} from './context.ts';
import { type RefreshTime, refreshUnit } from './refresh.ts';
import {
  deferMessage,
  deleteMessage,
  leaseBatch,
  recallFailure,
  recordRuns,
  retainFinal,
  settleFailure,
} from './settle.ts';

/**
 * Handles the messages of one invocation and decides on each of them, by message id, exactly once. Sessions run beside
 * each other and none can fail another; the messages of one session are one unit.
 */
export async function processBatch(
  context: ConsumerContext,
  messages: readonly ReceivedMessage[],
  invocation: Invocation,
): Promise<ReadonlyMap<string, MessageOutcome>> {
  const decoded: DecodedMessage[] = [];
  const work: Promise<readonly SettledMessage[]>[] = [];

  for (const message of messages) {
    try {
      decoded.push({ message, job: decodeMessage(context, message) });
    } catch (thrown) {
      work.push(retainUnreadable(context, message, toJobError(thrown), invocation));
    }
  }
  const units = toSessionUnits(decoded);
  const sharesBatch = units.length > 1;
  // Before any work begins: it may be what kills the instance. A session that is alone is leased before its fetch.
  if (sharesBatch) await leaseBatch(context, units.filter(hasDue(context)), invocation.deadlineMs);
  work.push(...units.map((unit) => processUnit(context, unit, { ...invocation, sharesBatch })));

  const settled = (await Promise.all(work)).flat();
  return new Map(settled.map(({ message, outcome }) => [message.messageId, outcome]));
}

function decodeMessage({ decoding, telemetry }: ConsumerContext, message: ReceivedMessage): SessionJob {
  const { messageId, body, sentMs, deduplicationId } = message;
  const { job, clockSuspectMs } = decodeJob(body, { ...decoding, sentMs, deduplicationId });
  if (clockSuspectMs !== undefined)
    telemetry.emit({ name: 'clock-suspect', messageId, aheadMs: clockSuspectMs });
  return job;
}

/** Keeps a message in the queue that cannot be read, and logs it once. Never throws. */
async function retainUnreadable(
  context: ConsumerContext,
  message: ReceivedMessage,
  error: JobError,
  { requestId }: Invocation,
): Promise<SettledMessage[]> {
  const startedMs = context.clock.nowMs();
  const { attempt, final } = await recallFailure(context, message);
  if (final) return [await retainFinal(context, message, final)];

  const failed = { session: undefined, error, blame: 'session', attempt, apiCalls: 0 } as const;
  const settled = [await settleFailure(context, message, failed)];
  await recordRuns(context, settled, { session: undefined, requestId, startedMs });
  return settled;
}

interface UnitInvocation extends Invocation {
  /** True where other sessions are handled beside this one: the batch is not over when it is. */
  readonly sharesBatch: boolean;
}

/** Handles the messages of one session and decides on each of them once. Never throws. */
async function processUnit(
  context: ConsumerContext,
  unit: SessionUnit,
  { deadlineMs, requestId, sharesBatch }: UnitInvocation,
): Promise<SettledMessage[]> {
  const startedMs = context.clock.nowMs();
  const settled = await settleUnit(context, unit, { deadlineMs, sharesBatch });
  if (sharesBatch) {
    // Lambda deletes it when the batch is over; until then the session would be locked by work that is done.
    const done = settled.filter(({ outcome }) => outcome.outcome === 'acknowledged');
    await Promise.all(done.map(({ message }) => deleteMessage(context, message)));
  }
  await recordRuns(context, settled, { session: toSession(unit), requestId, startedMs });
  return settled;
}

/**
 * Messages that are early are deferred to their `notBeforeMs`; those whose failure is final wait for SQS to move them;
 * the others share one fetch and its outcome.
 */
async function settleUnit(
  context: ConsumerContext,
  unit: SessionUnit,
  time: RefreshTime,
): Promise<SettledMessage[]> {
  const isDue = isDueAt(context.clock.nowMs());
  const early = unit.messages.filter((message) => !isDue(message));
  const deferred = early.map((message) => deferUntilDue(context, message));
  const recalled = await Promise.all(
    unit.messages
      .filter(isDue)
      .map(async (each) => ({ ...each, ...(await recallFailure(context, each.message)) })),
  );
  const dead = recalled.flatMap(({ message, final }) =>
    final ? [retainFinal(context, message, final)] : [],
  );
  const live = recalled.filter(({ final }) => !final);
  const refreshed = live.length > 0 ? await refreshUnit(context, { ...unit, messages: live }, time) : [];
  return [...(await Promise.all([...deferred, ...dead])), ...refreshed];
}

function isDueAt(nowMs: number) {
  return ({ job }: DecodedMessage) => (job.notBeforeMs ?? 0) <= nowMs;
}

function hasDue({ clock }: ConsumerContext) {
  return ({ messages }: SessionUnit) => messages.some(isDueAt(clock.nowMs()));
}

function deferUntilDue(context: ConsumerContext, each: DecodedMessage): Promise<SettledMessage> {
  const waitMs = (each.job.notBeforeMs ?? 0) - context.clock.nowMs();
  return deferMessage(context, each, {
    outcome: 'deferred',
    reason: 'not_due',
    delaySeconds: Math.max(0, Math.ceil(waitMs / 1000)),
    // A message that is received before its time was not tried yet.
    attempt: 1,
    apiCalls: 0,
  });
}

/**
 * Reads Lambda's SQS event. Throws `BadInvocationError` where the event is something else (`bad_invocation`), or where a
 * record has no message id or receipt handle and so could not be reported as failed by itself (`bad_record`): Lambda then
 * returns the whole batch to the queue.
 */
export function toReceivedMessages(event: unknown): ReceivedMessage[] {
  const records = isJsonObject(event) ? event.Records : undefined;
  if (!Array.isArray(records))
    throw new BadInvocationError('bad_invocation', `expected SQS records, got ${describe(event)}`);
  return records.map(toReceivedMessage);
}

function toReceivedMessage(record: unknown): ReceivedMessage {
  if (!isJsonObject(record))
    throw new BadInvocationError('bad_record', `expected an SQS record, got ${describe(record)}`);
  if (record.eventSource !== 'aws:sqs') {
    throw new BadInvocationError(
      'bad_invocation',
      `expected records of aws:sqs, got ${describeSource(record.eventSource)}`,
    );
  }
  const { messageId, receiptHandle, body } = record;
  if (!isText(messageId) || !isText(receiptHandle)) {
    throw new BadInvocationError('bad_record', 'an SQS record lacks its messageId or receiptHandle');
  }
  const attributes = isJsonObject(record.attributes) ? record.attributes : {};
  return {
    messageId,
    receiptHandle,
    body: typeof body === 'string' ? body : '',
    receiveCount: toCount(attributes.ApproximateReceiveCount) ?? 1,
    sentMs: toCount(attributes.SentTimestamp),
    sequenceNumber: toSequenceNumber(attributes.SequenceNumber),
    ...(isText(attributes.MessageDeduplicationId) && { deduplicationId: attributes.MessageDeduplicationId }),
  };
}

/** SQS sends numbers as text. */
function toCount(value: unknown): number | undefined {
  return typeof value === 'string' && /^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

// An event of another source is described by its names alone; any other text by its shape.
const NAME = /^[\w:.-]{1,40}$/;
const SHOWN_NAMES = 10;

function describeSource(value: unknown): string {
  return typeof value === 'string' ? toName(value) : describe(value);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (!isJsonObject(value)) return Array.isArray(value) ? 'an array' : typeof value;
  const names = Object.keys(value).slice(0, SHOWN_NAMES).map(toName);
  return `an object with the keys ${names.join(', ') || 'none'}`;
}

function toName(text: string): string {
  return NAME.test(text) ? text : `"${toShape(text, 40)}"`;
}
