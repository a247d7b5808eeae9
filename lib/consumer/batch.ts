import type { Clock } from '../clock.ts';
import { BadInvocationError, toJobError } from '../errors.ts';
import type { DecodedJob, ReceivedMessage } from '../queue/job.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { isJsonObject, toShape } from '../text.ts';
import type { RefreshUnit } from './refresh.ts';
import type { DeferMessage, DeleteMessage, LeaseBatch, RetainFinal, RetainUnreadable } from './settle.ts';
import {
  type DecodedMessage,
  type Invocation,
  type MessageOutcome,
  type RecallFailure,
  type RecordRuns,
  type SessionUnit,
  type SettledMessage,
  splitByDueTime,
  toSessionUnits,
} from './unit.ts';

interface ProcessBatchDependencies {
  readonly decode: (message: ReceivedMessage) => DecodedJob;
  readonly leaseBatch: LeaseBatch;
  readonly processUnit: ProcessUnit;
  readonly retainUnreadable: RetainUnreadable;
  readonly telemetry: Telemetry;
}

export type ProcessBatch = ReturnType<typeof createProcessBatch>;

/**
 * Handles the messages of one invocation and answers for each of them, by message id, exactly once. Sessions run beside
 * each other and none can fail another; the messages of one session are one unit.
 */
export function createProcessBatch({
  decode,
  leaseBatch,
  processUnit,
  retainUnreadable,
  telemetry,
}: ProcessBatchDependencies) {
  return async (
    messages: readonly ReceivedMessage[],
    invocation: Invocation,
  ): Promise<ReadonlyMap<string, MessageOutcome>> => {
    const decoded: DecodedMessage[] = [];
    const work: Promise<readonly SettledMessage[]>[] = [];

    for (const message of messages) {
      try {
        decoded.push({ message, job: decodeAndTell(message) });
      } catch (thrown) {
        work.push(retainUnreadable(message, toJobError(thrown), invocation));
      }
    }
    const units = toSessionUnits(decoded);
    const sharesBatch = units.length > 1;
    // Before any work begins: it may be what kills the instance.
    await leaseBatch(units, invocation.deadlineMs);
    work.push(...units.map((unit) => processUnit(unit, { ...invocation, sharesBatch })));

    const settled = (await Promise.all(work)).flat();
    return new Map(settled.map(({ message, outcome }) => [message.messageId, outcome]));
  };

  function decodeAndTell(message: ReceivedMessage) {
    const { job, clockSuspectMs } = decode(message);
    if (clockSuspectMs !== undefined) {
      telemetry.emit({ name: 'clock-suspect', messageId: message.messageId, aheadMs: clockSuspectMs });
    }
    return job;
  }
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

// What somebody else invoked the function with is told by names alone; any other text, by its shape.
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

interface UnitInvocation extends Invocation {
  /** True where other sessions are handled beside this one: the batch is not over when it is. */
  readonly sharesBatch: boolean;
}

interface ProcessUnitDependencies {
  readonly clock: Clock;
  readonly deferMessage: DeferMessage;
  readonly recallFailure: RecallFailure;
  readonly retainFinal: RetainFinal;
  readonly deleteMessage: DeleteMessage;
  readonly refreshUnit: RefreshUnit;
  readonly recordRuns: RecordRuns;
}

type ProcessUnit = ReturnType<typeof createProcessUnit>;

/**
 * Handles the messages of one session: those that are early are deferred to their `notBeforeMs`, those whose failure is
 * final wait for SQS to move them, the others share one fetch and its fate. Answers for each message once, and never
 * throws.
 *
 * The debounce (skipping a message that a newer one supersedes) will stand before the fetch.
 */
export function createProcessUnit(dependencies: ProcessUnitDependencies) {
  const { clock, deferMessage, recallFailure, retainFinal, deleteMessage, refreshUnit, recordRuns } =
    dependencies;

  return async (unit: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> => {
    const { requestId } = invocation;
    const startedMs = clock.nowMs();
    const settled = await settle(unit, invocation);
    // Lambda deletes it when the batch is over; until then the session would be locked by work that is done.
    if (invocation.sharesBatch) await Promise.all(settled.filter(isAcknowledged).map(deleteMessage));
    const { websiteId, sessionId } = unit;
    await recordRuns(settled, { session: { websiteId, sessionId }, requestId, startedMs });
    return settled;
  };

  async function settle(unit: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> {
    const { due, early } = splitByDueTime(unit.messages, clock.nowMs());
    const deferred = early.map(deferUntilDue);
    const recalled = await Promise.all(
      due.map(async (each) => ({ ...each, ...(await recallFailure(each.message)) })),
    );
    const dead = recalled.flatMap(({ message, final }) => (final ? [retainFinal(message, final)] : []));
    const alive = recalled.filter(({ final }) => !final);
    const refreshed =
      alive.length > 0 ? await refreshUnit({ ...unit, messages: alive }, invocation.deadlineMs) : [];
    return [...(await Promise.all([...deferred, ...dead])), ...refreshed];
  }

  function deferUntilDue(each: DecodedMessage): Promise<SettledMessage> {
    const waitMs = (each.job.notBeforeMs ?? 0) - clock.nowMs();
    return deferMessage(each, {
      outcome: 'deferred',
      reason: 'not_due',
      delaySeconds: Math.max(0, Math.ceil(waitMs / 1000)),
      // Whatever was received before its time was not tried yet.
      attempt: 1,
      apiCalls: 0,
    });
  }
}

function isAcknowledged({ outcome }: SettledMessage): boolean {
  return outcome.outcome === 'acknowledged';
}
