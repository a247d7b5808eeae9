import { escapeBody } from './escape-body.ts';
import type { EnrichedRecord, RemovedRecord } from './schema.ts';

/** One SNS message attribute; the value of a String.Array is a JSON list. */
export interface MessageAttribute {
  readonly type: 'String' | 'String.Array';
  readonly value: string;
}

/** At most ten: what has more, SNS discards instead of delivering it raw to SQS. */
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

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
