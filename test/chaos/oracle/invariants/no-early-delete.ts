import { findCover } from '../evidence/cover.ts';
import type { Evidence, Placed } from '../evidence/evidence.ts';
import type { MessageLife } from '../evidence/message-lives.ts';
import type { Violation } from '../violation.ts';

/**
 * I5: a message is acknowledged only for a fetch of its own receive, once archive and topic have its record or nothing
 * had changed; and a dead letter is taken away only after a message stands in its place. No message is skipped for
 * another's sake as yet: whoever lets one be skipped has to state here what proves that safe.
 */
export function checkNoEarlyDelete(evidence: Evidence): Violation[] {
  return [...evidence.messages.values()].flatMap((message) => [
    ...message.deletions.flatMap((deleted) => checkAcknowledged(evidence, message, deleted)),
    ...message.dlqDeletions.flatMap((deleted) => checkTakenAway(evidence, message, deleted)),
  ]);
}

type Deleted = Placed<'message-deleted'>;

function checkAcknowledged(evidence: Evidence, message: MessageLife, deleted: Deleted): Violation[] {
  const { messageId, sessionKey, receives } = message;
  const received = receives.findLast(({ index }) => index < deleted.index);
  if (sessionKey === undefined) return toViolation(deleted, `${messageId}, which nobody could read`);
  if (!received) return toViolation(deleted, `${messageId}, which nobody had received`);
  const cover = findCover(evidence, { sessionKey, afterMs: received.atMs, beforeIndex: deleted.index });
  return cover ? [] : toViolation(deleted, `${messageId}, whose receive announced nothing`);
}

function checkTakenAway(evidence: Evidence, message: MessageLife, deleted: Deleted): Violation[] {
  const { messageId, sessionKey, body, deadLetterings } = message;
  const died = deadLetterings.findLast(({ index }) => index < deleted.index)?.index ?? Infinity;
  const isReplaced = evidence.of('message-sent').some((sent) => {
    const isSame =
      sessionKey === undefined
        ? sent.body === body
        : evidence.messages.get(sent.messageId)?.sessionKey === sessionKey;
    return sent.by === 'redrive' && sent.index > died && sent.index < deleted.index && isSame;
  });
  const isDropped = evidence
    .of('operated')
    .some(({ action, index }) => /\bdrop/.test(action) && index > died && index < deleted.index);
  return isReplaced || isDropped
    ? []
    : toViolation(deleted, `the dead letter ${messageId} before it was sent again`);
}

function toViolation({ atMs }: Deleted, what: string): Violation[] {
  return [{ invariant: 'I5', atMs, text: `deleted: ${what}` }];
}
