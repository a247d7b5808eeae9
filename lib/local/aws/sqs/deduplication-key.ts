import { createHash } from 'node:crypto';

// No deduplication id may hold it: SQS allows visible ASCII alone.
const SEPARATOR = '\n';

/**
 * The name under which fauxqs remembers an id: with `DeduplicationScope: messageGroup` the group belongs to it. fauxqs
 * passes it through as the message's id; `splitDeduplicationKey` brings that back.
 */
export function toDeduplicationKey(deduplicationId: string, groupId: string): string {
  return `${deduplicationId}${SEPARATOR}${groupId}`;
}

/** The id that was sent and the key of deduplication; both undefined for a message without one. */
export function splitDeduplicationKey(key: string | undefined): {
  readonly deduplicationId: string | undefined;
  readonly key: string | undefined;
} {
  return { deduplicationId: key?.split(SEPARATOR, 1)[0], key };
}

/** The id of a message that was sent without one to a queue with `ContentBasedDeduplication`. */
export function toContentDeduplicationId(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
