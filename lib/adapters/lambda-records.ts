import { BadInvocationError } from '../core/errors/bad-invocation-error.ts';
import { isJsonObject } from '../core/is-json-object.ts';
import type { ReceivedMessage } from '../core/job/received-message.ts';

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
      `expected records of aws:sqs, got ${clip(String(record.eventSource))}`,
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
  };
}

/** SQS sends numbers as text. */
function toCount(value: unknown): number | undefined {
  return typeof value === 'string' && /^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (!isJsonObject(value)) return Array.isArray(value) ? 'an array' : typeof value;
  return `an object with the keys ${clip(Object.keys(value).join(', ') || 'none')}`;
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
