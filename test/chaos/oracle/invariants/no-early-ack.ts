import type { Evidence } from '../evidence/evidence.ts';
import type { Violation } from '../violation.ts';

/** I4: a delivery is answered with 2xx `queued` only after the queue has taken its message. */
export function checkNoEarlyAck(evidence: Evidence): Violation[] {
  return evidence.acceptances.flatMap(({ deliveryId, messageId, computedMs, atMs }) => {
    const text = `delivery ${deliveryId} was accepted before the queue had message ${messageId}`;
    return computedMs === undefined ? [{ invariant: 'I4', atMs, text }] : [];
  });
}
