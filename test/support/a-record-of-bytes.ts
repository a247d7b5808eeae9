import { buildRecord } from '../../lib/core/record/build-record.ts';
import { escapeBody } from '../../lib/core/record/escape-body.ts';
import { toMessageAttributes } from '../../lib/core/record/message-attributes.ts';
import type { EnrichedRecord } from '../../lib/core/record/schema.ts';
import { aCrispMessage, aFetchedConversation } from './a-fetched-conversation.ts';

/** A record whose body and attributes (names, types, values) are together exactly `bytes` long. */
export function aRecordOfBytes(bytes: number): EnrichedRecord {
  const missing = bytes - bytesOf(aRecord(0));
  if (missing < 0) throw new Error(`no record is as small as ${bytes} bytes`);
  return aRecord(missing);
}

function aRecord(padding: number): EnrichedRecord {
  const messages = [aCrispMessage(1, { content: 'x'.repeat(padding) })];
  return buildRecord(aFetchedConversation({ messages }), { version: 1, mode: 'full', absorbed: 0 });
}

function bytesOf(record: EnrichedRecord): number {
  const attributes = Object.entries(toMessageAttributes(record)).flatMap(([name, { type, value }]) => [
    name,
    type,
    value,
  ]);
  return Buffer.byteLength([escapeBody(record), ...attributes].join(''));
}
