import { type MessageAttributeValue, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { toAwsFailure, toSqsFailure } from '../aws/failures.ts';
import { JobError } from '../errors.ts';
import type { ClaimCheck, EnrichedRecord, RemovedRecord } from './schema.ts';

/** Where records are announced to whoever subscribes. */
export interface RecordTopic {
  /** Resolves only once the topic has durably taken the notice; rejects with `JobError` `topic_failed` or `downstream_denied` otherwise. */
  publish(notice: Notice): Promise<void>;
}

interface SnsRecordTopicDeps {
  /** With time limits of its own: a call that hangs would hold the whole batch. */
  readonly client: SNSClient;
  readonly topicArn: string;
}

/** The records topic in SNS; each subscriber's queue gets the body as it is (raw delivery). */
export function createSnsRecordTopic({ client, topicArn }: SnsRecordTopicDeps): RecordTopic {
  return {
    async publish({ body, attributes }) {
      const message = { TopicArn: topicArn, Message: body, MessageAttributes: toSnsAttributes(attributes) };
      const { MessageId } = await client.send(new PublishCommand(message)).catch(throwTopicError);
      if (!MessageId) throw new JobError('topic_failed', { detail: 'no_message_id' });
    },
  };
}

/** One queue in the place of the topic: its messages are as the topic delivers them, raw and with their attributes. */
export function createSqsRecordTopic({
  client,
  queueUrl,
}: {
  readonly client: SQSClient;
  readonly queueUrl: string;
}): RecordTopic {
  return {
    async publish({ body, attributes }) {
      const message = {
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageAttributes: toSnsAttributes(attributes),
      };
      await client.send(new SendMessageCommand(message)).catch(toSqsFailure('sqs:SendMessage', queueUrl));
    },
  };
}

// SQS has the same form of them.
function toSnsAttributes(attributes: MessageAttributes): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      { DataType: type, StringValue: value },
    ]),
  );
}

const HINT = 'allow sns:Publish on the records topic, and the use of its KMS key where it has one';

function throwTopicError(thrown: unknown): never {
  const { code, status, isDenied } = toAwsFailure(thrown);
  throw new JobError(isDenied ? 'downstream_denied' : 'topic_failed', {
    detail: code,
    cause: thrown,
    ...(status !== undefined && { status }),
    ...(isDenied && { hint: HINT }),
  });
}

/** What the topic is given: a record, or a pointer to it, as JSON text that SQS takes. */
export interface Notice {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly isClaimCheck: boolean;
}

/** A record as it lies in the archive. */
export interface ArchivedRecord {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  /** Lower-case hex, over the bytes. */
  readonly sha256: string;
}

interface NoticeOptions {
  /** The record's own JSON text, escaped: what the archive holds. */
  readonly body: string;
  readonly archived: ArchivedRecord;
  readonly inlineLimitBytes: number;
}

// SNS counts the body and the names, types and values of all attributes: 262,144 bytes at most by default.
const SNS_LIMIT_BYTES = 256 * 1024;

/** The record itself where body and attributes fit the limit, else a claim check with the same attributes. */
export function toNotice(record: EnrichedRecord | RemovedRecord, options: NoticeOptions): Notice {
  const { body, archived, inlineLimitBytes } = options;
  const attributes = toMessageAttributes(record);
  const limitBytes = Math.min(inlineLimitBytes, SNS_LIMIT_BYTES);
  const isInline = Buffer.byteLength(body) + attributeBytes(attributes) <= limitBytes;
  // A removal has a few hundred bytes and no content to fetch: it always travels whole.
  if (isInline || record.kind === 'conversation.removed') return { body, attributes, isClaimCheck: false };

  return { body: escapeBody(toClaimCheck(record, archived)), attributes, isClaimCheck: true };
}

function attributeBytes(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, { type, value }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(type) + Buffer.byteLength(value);
  }
  return bytes;
}

/** Where a record is, in its place. */
export function toClaimCheck(
  record: EnrichedRecord,
  { bucket, key, bytes, sha256 }: ArchivedRecord,
): ClaimCheck {
  return {
    schema: record.schema,
    kind: record.kind,
    website_id: record.website_id,
    session_id: record.session_id,
    version: record.version,
    content_hash: record.content_hash,
    state: typeof record.state === 'string' ? record.state : null,
    claim_check: { bucket, key, bytes, sha256 },
  };
}

/** One SNS message attribute; the value of a String.Array is a JSON list. */
interface MessageAttribute {
  readonly type: 'String' | 'String.Array';
  readonly value: string;
}

/** At most ten: what has more, SNS discards instead of delivering it raw to SQS. */
type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What subscribers filter by without reading the body. A record without such a value has no such attribute. */
export function toMessageAttributes(record: EnrichedRecord | RemovedRecord): MessageAttributes {
  const all = {
    kind: toText(record.kind),
    website_id: toText(record.website_id),
    session_id: toText(record.session_id),
    ...(record.kind === 'conversation.enriched' ? toConversationAttributes(record) : {}),
  };
  return Object.fromEntries(Object.entries(all).filter(isPresent));
}

function toConversationAttributes(record: EnrichedRecord): Record<string, MessageAttribute | undefined> {
  return {
    state: toText(record.state),
    is_verified: typeof record.is_verified === 'boolean' ? toText(String(record.is_verified)) : undefined,
    inbox_id: toText(record.inbox_id),
    segments: toList(record.meta?.segments),
  };
}

// Words and ids of Crisp. SNS and SQS refuse an empty value and some characters; nothing else is expected here.
const PLAIN_TEXT = /^[\x20-\x7e]{1,256}$/;

function toText(value: unknown): MessageAttribute | undefined {
  return typeof value === 'string' && PLAIN_TEXT.test(value) ? { type: 'String', value } : undefined;
}

// Anybody can add segments, and all attributes count towards the 256 KiB of a message.
const MAX_SEGMENTS = 50;
const MAX_SEGMENT_LENGTH = 128;

function toList(segments: unknown): MessageAttribute | undefined {
  if (!Array.isArray(segments)) return undefined;
  const usable = [...new Set(segments)].filter(isUsableSegment).slice(0, MAX_SEGMENTS);
  return usable.length === 0 ? undefined : { type: 'String.Array', value: escapeBody(usable) };
}

function isUsableSegment(segment: unknown): segment is string {
  return typeof segment === 'string' && segment.length > 0 && segment.length <= MAX_SEGMENT_LENGTH;
}

function isPresent(entry: [string, MessageAttribute | undefined]): entry is [string, MessageAttribute] {
  return entry[1] !== undefined;
}

/**
 * A value as JSON text that SQS, SNS and S3 take whatever a visitor typed: SQS refuses U+FFFE, U+FFFF and half
 * surrogate pairs, and some emulators refuse all beyond the BMP, so these are written as `\uXXXX`; control characters
 * JSON escapes by itself. `JSON.parse` gives the same value back.
 */
export function escapeBody(value: object): string {
  return JSON.stringify(value).replace(NOT_FOR_SQS, toEscape);
}

// Without the `u` flag, so that each half of a surrogate pair matches: a pair becomes two escapes, as JSON has it.
const NOT_FOR_SQS = /[\ud800-\udfff\ufffe\uffff]/g;

function toEscape(codeUnit: string): string {
  return `\\u${codeUnit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
