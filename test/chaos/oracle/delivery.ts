import { readFields } from './bodies.ts';
import { findCover } from './cover.ts';
import {
  type Acceptance,
  type Announcement,
  between,
  type Evidence,
  isDead,
  type MessageLife,
  type Placed,
} from './evidence.ts';
import type { Violation } from './history.ts';

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
  const { sessionKey, computedMs: afterMs, event, fingerprint, messageId } = accepted;
  if (afterMs === undefined) return 'the queue had no message for it';
  const beforeIndex = evidence.history.length;
  const needsWhole = CHANGES_OLD_PAGES.has(event);
  if (findCover(evidence, { sessionKey, afterMs, beforeIndex, fingerprint, needsWhole })) return undefined;

  const dead = findDead(evidence, accepted);
  if (!dead) return `nothing covers it, and ${describe(evidence.messages.get(messageId))}`;
  return hasReason(evidence, dead) ? undefined : `message ${dead.messageId} is dead without a reason`;
}

/** What only those see who read every page. */
const CHANGES_OLD_PAGES = new Set(['message:updated', 'message:removed']);

/** Its own message, what a redrive made of it, or the later one that its own was left out for. */
function findDead(evidence: Evidence, { messageId, sessionKey }: Acceptance): MessageLife | undefined {
  const own = evidence.messages.get(messageId);
  const diedAt = own?.deadLetterings[0]?.index ?? Infinity;
  return [...evidence.messages.values()].find(
    (each) =>
      isDead(each) &&
      (each === own ||
        (own !== undefined && own.deletions.length > 0 && isSuccessor(evidence, each, own)) ||
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

/** I4: a delivery is answered with 2xx `queued` only after the queue has taken its message. */
export function checkNoEarlyAck(evidence: Evidence): Violation[] {
  return evidence.acceptances.flatMap(({ deliveryId, messageId, computedMs, atMs }) => {
    const text = `delivery ${deliveryId} was accepted before the queue had message ${messageId}`;
    return computedMs === undefined ? [{ invariant: 'I4', atMs, text }] : [];
  });
}

/**
 * I5: a message is acknowledged only for a fetch that began after each of its events, once archive and topic have its
 * record or nothing had changed, or for a later message that is still in the queue; and a dead letter is taken away only
 * after a message stands in its place. The fetch of an earlier message will do where it began after the bucket: what has no
 * bucket needs one of its own receive.
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
  const afterMs = Math.min(received.atMs, toLastEventMs(evidence, message, deleted));
  const needsWhole = readFields(message.body)?.mode !== 'incremental';
  const cover = findCover(evidence, { sessionKey, afterMs, beforeIndex: deleted.index, needsWhole });
  const successor = [...evidence.messages.values()].find(
    (each) =>
      isSuccessor(evidence, each, message) &&
      (each.sends[0]?.index ?? Infinity) < deleted.index &&
      !each.deletions.some(({ index }) => index < deleted.index),
  );
  return cover || successor ? [] : toViolation(deleted, `${messageId}, whose receive announced nothing`);
}

/** A later message of the session, at least as strong, whose fetch begins after every event of this one. */
function isSuccessor(
  { terms }: Evidence,
  later: MessageLife,
  { sessionKey, sends, body }: MessageLife,
): boolean {
  const [own, others] = [readFields(body), readFields(later.body)];
  const isStronger = others?.mode === 'full' && own?.mode !== 'full';
  const [endMs, laterMs] = [own, others].map((fields) =>
    typeof fields?.bucketMs === 'number' ? fields.bucketMs + terms.coalesceSeconds * 1000 : undefined,
  );
  if (endMs === undefined || laterMs === undefined || sessionKey === undefined) return false;
  return (
    later.sessionKey === sessionKey &&
    (later.sends[0]?.index ?? -1) > (sends[0]?.index ?? Infinity) &&
    (others?.mode === 'full' || own?.mode !== 'full') &&
    (laterMs > endMs || (laterMs === endMs && isStronger))
  );
}

/** By when all had happened that the message stands for. */
function toLastEventMs(evidence: Evidence, { messageId, body }: MessageLife, deleted: Deleted): number {
  const happenedMs = evidence.acceptances
    .filter((each) => each.messageId === messageId && each.index < deleted.index)
    .map(({ computedMs }) => computedMs ?? Infinity);
  const bucketMs = readFields(body)?.bucketMs;
  const endMs = typeof bucketMs === 'number' ? bucketMs + evidence.terms.coalesceSeconds * 1000 : Infinity;
  return happenedMs.length === 0 ? endMs : Math.max(...happenedMs);
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

/**
 * I2: a message has one end, and a removal is told once. A dead letter may lie beside a record that another message
 * brought: such an overlap is counted by `judge`, not a violation.
 */
export function checkOneTerminalState(evidence: Evidence): Violation[] {
  return [
    ...[...evidence.messages.values()].flatMap(checkMessage),
    ...[...evidence.announcements].flatMap(([sessionKey, announcements]) =>
      checkRemovals(evidence, sessionKey, announcements),
    ),
  ];
}

function checkMessage({ messageId, deletions, deadLetterings, receives }: MessageLife): Violation[] {
  const [deleted, again] = deletions;
  if (!deleted) return [];
  const violation = (atMs: number, problem: string): Violation => ({
    invariant: 'I2',
    atMs,
    text: `message ${messageId} was acknowledged and ${problem}`,
  });
  const later = receives.find(({ index }) => index > deleted.index);
  return [
    ...(again ? [violation(again.atMs, 'acknowledged again')] : []),
    ...(later ? [violation(later.atMs, 'received again')] : []),
    ...deadLetterings.map(({ atMs }) => violation(atMs, 'dead-lettered')),
  ];
}

/** Told again only where nobody could know that it was told: between the two no message of the session was acknowledged. */
function checkRemovals(
  evidence: Evidence,
  sessionKey: string,
  announcements: readonly Announcement[],
): Violation[] {
  const deletions = [...evidence.messages.values()]
    .filter((message) => message.sessionKey === sessionKey)
    .flatMap((message) => message.deletions);
  return announcements.flatMap((second, place) => {
    const first = announcements[place - 1];
    if (second.kind !== 'removed' || first?.kind !== 'removed') return [];
    const wasKnown = deletions.some(({ index }) => index > first.index && index < second.index);
    const text = `the removal of ${sessionKey} was told again as version ${second.version}`;
    return wasKnown ? [{ invariant: 'I2', atMs: second.atMs, text }] : [];
  });
}

/**
 * Part of I6: a refusal spends no attempt, and neither does a token that Crisp rejects. Nor do verdicts that
 * every session gets. So no message may die to which nothing else ever happened.
 */
export function checkRefusedDeaths(evidence: Evidence): Violation[] {
  return [...evidence.messages.values()].flatMap((message) =>
    message.deadLetterings
      .filter((died) => diedOfRefusals(evidence, message, died))
      .map(({ atMs, messageId }): Violation => {
        const text = `message ${messageId} died, and Crisp had only refused its requests`;
        return { invariant: 'I6', atMs, text };
      }),
  );
}

const REFUSALS: ReadonlySet<number> = new Set([401, 420, 422, 423, 429]);
/** Faults that refuse under other statuses, whoever asks. */
const REFUSES_EVERYTHING: ReadonlySet<string> = new Set(['F74', 'F77']);

function diedOfRefusals(
  evidence: Evidence,
  message: MessageLife,
  died: Placed<'message-dead-lettered'>,
): boolean {
  // What nobody can read dies of itself.
  if (message.sessionKey === undefined) return false;
  const sent = message.sends.findLast(({ index }) => index < died.index)?.index ?? 0;
  const during = <Event extends { readonly index: number }>(events: readonly Event[]) =>
    between(events, sent, died.index);
  const hadTrouble =
    during(evidence.of('fault-injected')).length > 0 || during(evidence.of('instance-killed')).length > 0;
  if (hadTrouble || !wasAlwaysReported(message, during(evidence.of('batch-answered')))) return false;

  // An answer that is about no session, such as a profile, may have been this one's.
  const answers = during(evidence.of('crisp-answered')).filter(
    ({ by, sessionKey }) =>
      by === 'consumer' && (sessionKey === undefined || sessionKey === message.sessionKey),
  );
  const runs = toRuns(
    answers.filter(({ sessionKey }) => sessionKey !== undefined),
    message.receives,
  );
  return (
    answers.every((each) => isRefusal(each) || isFine(each)) &&
    runs.length > 0 &&
    // Where everything was answered and nothing announced, it was the content that it failed of.
    runs.every((run) => run.some(isRefusal))
  );
}

/** A session that alone is refused for good, beside others that are served, dies of it as of any failure of its own. */
function isRefusal({ status, fault }: Placed<'crisp-answered'>): boolean {
  return (REFUSALS.has(status) && fault !== 'F73') || REFUSES_EVERYTHING.has(fault ?? '');
}

function isFine({ status, fault }: Placed<'crisp-answered'>): boolean {
  return (status === 200 || status === 206) && fault === undefined;
}

/** What was answered in each receive, where anything was asked. */
function toRuns(
  answers: readonly Placed<'crisp-answered'>[],
  receives: readonly Placed<'message-received'>[],
): (readonly Placed<'crisp-answered'>[])[] {
  const receiveOf = ({ index }: Placed<'crisp-answered'>) =>
    receives.findLast((received) => received.index < index)?.index;
  return [...Map.groupBy(answers, receiveOf).values()];
}

/** False where a receive was lost, throttled, or ended with the function: nobody knows what it would have come to. */
function wasAlwaysReported(
  { messageId, receives }: MessageLife,
  batches: readonly Placed<'batch-answered'>[],
): boolean {
  const reported = batches.filter(
    ({ messageIds, failedIds }) => failedIds !== undefined && messageIds.includes(messageId),
  );
  return reported.length >= receives.length;
}
