import { escapeBody } from './escape-body.ts';
import { type MessageAttributes, toMessageAttributes } from './message-attributes.ts';
import type { ClaimCheck, EnrichedRecord, RemovedRecord } from './schema.ts';

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

export interface NoticeOptions {
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

function toClaimCheck(record: EnrichedRecord, { bucket, key, bytes, sha256 }: ArchivedRecord): ClaimCheck {
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
