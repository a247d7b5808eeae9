import type { Acceptance } from '../evidence/acceptances.ts';
import { findCover } from '../evidence/cover.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { isDead, type MessageLife } from '../evidence/message-lives.ts';
import type { Violation } from '../violation.ts';

/** I1: every accepted event ends covered, or removed, or in the dead-letter queue with a reason. */
export function checkNoLoss(evidence: Evidence): Violation[] {
  return evidence.acceptances.flatMap((accepted) => {
    const problem = findProblem(evidence, accepted);
    if (problem === undefined) return [];
    const { deliveryId, event, sessionKey } = accepted;
    const text = `${event} of ${sessionKey} (delivery ${deliveryId}) was accepted; ${problem}`;
    return { invariant: 'I1', atMs: accepted.atMs, text };
  });
}

function findProblem(evidence: Evidence, accepted: Acceptance): string | undefined {
  const { sessionKey, computedMs, fingerprint, messageId } = accepted;
  if (computedMs === undefined) return 'the queue had no message for it';
  const beforeIndex = evidence.history.length;
  if (findCover(evidence, { sessionKey, afterMs: computedMs, beforeIndex, fingerprint })) return undefined;

  const dead = findDead(evidence, accepted);
  if (!dead) return `nothing covers it, and ${describe(evidence.messages.get(messageId))}`;
  return hasReason(evidence, dead) ? undefined : `message ${dead.messageId} is dead without a reason`;
}

/** Its own message, or what a redrive made of it. */
function findDead(evidence: Evidence, { messageId, sessionKey }: Acceptance): MessageLife | undefined {
  const own = evidence.messages.get(messageId);
  const diedAt = own?.deadLetterings[0]?.index ?? Infinity;
  return [...evidence.messages.values()].find(
    (each) =>
      isDead(each) &&
      (each === own ||
        (each.sessionKey === sessionKey &&
          each.sends.some(({ by, index }) => by === 'redrive' && index > diedAt))),
  );
}

/**
 * A line or a note that names the message and a code. One whose every receive ended without an answer, because the
 * function was killed or never invoked, has nobody who could have told a reason.
 */
function hasReason(evidence: Evidence, { messageId }: MessageLife): boolean {
  const texts = [...evidence.of('line-written'), ...evidence.of('note-written')];
  if (texts.some(({ text }) => text.includes(messageId) && /\bcode\b/.test(text))) return true;
  return !evidence
    .of('batch-answered')
    .some(({ messageIds, failedIds }) => failedIds !== undefined && messageIds.includes(messageId));
}

function describe(message: MessageLife | undefined): string {
  if (!message) return 'its message was never seen';
  const { messageId, deletions, deadLetterings, expiries, receives } = message;
  if (deletions.length > 0) return `its message ${messageId} was deleted`;
  if (expiries.length > 0) return `its message ${messageId} expired`;
  if (deadLetterings.length > 0) return `its message ${messageId} is no longer in the dead-letter queue`;
  return `its message ${messageId} still waits, received ${receives.length} times`;
}
