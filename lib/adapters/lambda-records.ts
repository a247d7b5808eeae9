import { BadInvocationError } from '../core/errors/bad-invocation-error.ts';
import { isJsonObject } from '../core/is-json-object.ts';
import type { ReceivedMessage } from '../core/job/received-message.ts';
import { toShape } from '../core/text/to-shape.ts';

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
