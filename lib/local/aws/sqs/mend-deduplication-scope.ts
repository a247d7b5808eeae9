import type { FauxqsApp } from '../fauxqs-app.ts';
import { toContentDeduplicationId, toDeduplicationKey } from './deduplication-key.ts';
import type { EmbeddedQueue } from './embedded-queue.ts';
import type { EmbeddedSqsStore } from './embedded-sqs-store.ts';
import { readSqsRequest } from './read-sqs-request.ts';
import { sendSqsError } from './send-sqs-error.ts';

interface SendEntry {
  MessageBody?: unknown;
  MessageGroupId?: unknown;
  MessageDeduplicationId?: unknown;
}

// SQS: both ids have up to 128 letters, digits and punctuation of ASCII.
const FIFO_ID = /^[!-~]{1,128}$/;

/**
 * Lets fauxqs deduplicate within a group where the queue says `DeduplicationScope: messageGroup`, by giving it a key that
 * holds both ids; and refuses ids that SQS would refuse, which also keeps such a key from being sent by a client.
 */
export function mendDeduplicationScope(app: FauxqsApp, store: EmbeddedSqsStore): void {
  app.addHook('preHandler', async (request, reply) => {
    const sqs = readSqsRequest(request);
    if (sqs?.action !== 'SendMessage' && sqs?.action !== 'SendMessageBatch') return undefined;
    const queue = store.findQueue(String(sqs.parameters.QueueUrl));
    if (!queue?.isFifo()) return undefined;

    for (const entry of toEntries(sqs.parameters)) {
      const badName = findBadId(entry);
      if (badName !== undefined) {
        return sendSqsError(reply, 'InvalidParameterValue', `Value for parameter ${badName} is invalid.`);
      }
      scopeToGroup(entry, queue);
    }
    return undefined;
  });
}

function toEntries(parameters: Record<string, unknown>): SendEntry[] {
  const entries = parameters.Entries ?? [parameters];
  return Array.isArray(entries) ? entries : [];
}

function findBadId({ MessageGroupId, MessageDeduplicationId }: SendEntry): string | undefined {
  const ids = Object.entries({ MessageGroupId, MessageDeduplicationId });
  return ids.find(([, id]) => id !== undefined && !FIFO_ID.test(String(id)))?.[0];
}

function scopeToGroup(entry: SendEntry, { attributes }: EmbeddedQueue): void {
  if (attributes.DeduplicationScope !== 'messageGroup' || entry.MessageGroupId === undefined) return;
  if (attributes.ContentBasedDeduplication === 'true') {
    entry.MessageDeduplicationId ??= toContentDeduplicationId(String(entry.MessageBody));
  }
  if (entry.MessageDeduplicationId === undefined) return; // fauxqs refuses it.
  entry.MessageDeduplicationId = toDeduplicationKey(
    String(entry.MessageDeduplicationId),
    String(entry.MessageGroupId),
  );
}
