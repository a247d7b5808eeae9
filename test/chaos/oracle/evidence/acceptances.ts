import type { Terms } from '../terms.ts';
import type { EventsOf } from './evidence.ts';
import { readFields } from './read-body.ts';

/** A delivery that the webhook promised to follow up. */
export interface Acceptance {
  readonly deliveryId: string;
  readonly sessionKey: string;
  readonly event: string;
  readonly fingerprint: number | undefined;
  readonly isGenuine: boolean;
  readonly atMs: number;
  readonly index: number;
  /** By what the webhook answered. */
  readonly messageId: string;
  /** By when the event's bucket was computed; undefined where the queue had no message for it before the answer. */
  readonly computedMs: number | undefined;
}

export function findAcceptances(of: EventsOf, terms: Terms): Acceptance[] {
  const deliveries = new Map(of('hook-delivered').map((each) => [each.deliveryId, each]));
  const sends = Map.groupBy(of('message-sent'), ({ deliveryId }) => deliveryId);

  return of('hook-answered').flatMap((answered) => {
    const reply = answered.status >= 200 && answered.status < 300 ? readFields(answered.body) : undefined;
    const delivered = deliveries.get(answered.deliveryId);
    if (reply?.status !== 'queued' || !delivered) return [];
    const messageId = String(reply.message_id);
    // A send whose answer was lost is sent again: both belong to the delivery.
    const sent = sends
      .get(answered.deliveryId)
      ?.find((each) => each.messageId === messageId && each.index < answered.index);
    return {
      deliveryId: answered.deliveryId,
      sessionKey: `${delivered.websiteId}:${delivered.sessionId}`,
      event: delivered.event,
      fingerprint: delivered.fingerprint,
      isGenuine: delivered.isGenuine,
      atMs: answered.atMs,
      index: answered.index,
      messageId,
      computedMs: sent && toComputedMs({ ...sent, deliveredMs: delivered.atMs }, terms),
    };
  });
}

/**
 * A bucket is computed before the send, and before the bucket's end: a send that takes long may reach the queue after it.
 * A bucket that ended before the delivery came says nothing: the webhook's clock ran behind.
 */
function toComputedMs(
  { body, atMs, deliveredMs }: { body: string; atMs: number; deliveredMs: number },
  { coalesceSeconds }: Terms,
): number {
  const bucketMs = readFields(body)?.bucketMs;
  const endMs = typeof bucketMs === 'number' ? bucketMs + coalesceSeconds * 1000 : Infinity;
  return endMs > deliveredMs ? Math.min(atMs, endMs) : atMs;
}
