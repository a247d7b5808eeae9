import { findAnnounced } from '../evidence/cover.ts';
import { between, type Evidence, type Placed } from '../evidence/evidence.ts';
import type { MessageLife } from '../evidence/message-lives.ts';
import { readFields } from '../evidence/read-body.ts';
import type { Violation } from '../violation.ts';
import { findClosures } from './bounded-load.ts';

/**
 * I9: what is wrong with one message holds up its batch siblings for one visibility timeout at most. A sibling is a
 * message in whose session, and at whose instance, nothing went wrong during the batch.
 */
export function checkProgress(evidence: Evidence): Violation[] {
  return evidence
    .of('batch-answered')
    .flatMap((batch) =>
      findHealthySiblings(evidence, batch).flatMap((sibling) => [
        ...checkReturned(evidence, batch, sibling),
        ...checkWait(evidence, sibling),
      ]),
    );
}

type Batch = Placed<'batch-answered'>;

interface Sibling {
  readonly message: MessageLife;
  readonly received: Placed<'message-received'>;
}

function findHealthySiblings(evidence: Evidence, batch: Batch): Sibling[] {
  return batch.messageIds.flatMap((messageId) => {
    const message = evidence.messages.get(messageId);
    const received = message?.receives.findLast(({ index }) => index < batch.index);
    if (!message?.sessionKey || !received || isEarly(message, received)) return [];
    return isTroubled(evidence, batch, { message, received }) ? [] : [{ message, received }];
  });
}

function isEarly({ body }: MessageLife, { atMs }: { readonly atMs: number }): boolean {
  return Number(readFields(body)?.notBeforeMs ?? 0) > atMs;
}

/** From its first receive on: a message that failed for good is returned until SQS takes it, whatever its batch does. */
function isTroubled(evidence: Evidence, { instance, index }: Batch, { message }: Sibling): boolean {
  const firstIndex = message.receives[0]?.index ?? index;
  const isBad = ({ status, fault }: Placed<'crisp-answered'>) =>
    status === 0 || status >= 300 || fault !== undefined;
  const isItsOwn = (answered: Placed<'crisp-answered'>) =>
    answered.sessionKey === undefined || answered.sessionKey === message.sessionKey;
  const answers = between(evidence.of('crisp-answered'), firstIndex, index);
  const faults = between(evidence.of('fault-injected'), firstIndex, index);
  return (
    answers.some((each) => isItsOwn(each) && isBad(each)) ||
    faults.some((each) => each.instance === undefined || each.instance === instance)
  );
}

/** Its record was announced, and it was returned all the same. */
function checkReturned(evidence: Evidence, batch: Batch, { message, received }: Sibling): Violation[] {
  const { messageId, sessionKey = '' } = message;
  if (!batch.failedIds?.includes(messageId)) return [];
  if (isRivalled(evidence, batch, { message, received })) return [];
  const fetches = evidence.fetches.get(sessionKey) ?? [];
  const announcements = (evidence.announcements.get(sessionKey) ?? []).filter(
    ({ index }) => index < batch.index,
  );
  const isDone = fetches.some(
    (fetch) =>
      fetch.instance === batch.instance &&
      fetch.endIndex > received.index &&
      fetch.endIndex < batch.index &&
      isFresh(fetch.content) &&
      findAnnounced(fetch, announcements) !== undefined,
  );
  return isDone ? toViolations(batch.atMs, `message ${messageId} was done and returned all the same`) : [];
}

/** Two instances had messages of the session at once, as a duplicate delivery does it: one of them has to give way. */
function isRivalled(evidence: Evidence, batch: Batch, { message, received }: Sibling): boolean {
  const { sessionKey = '' } = message;
  const isOthers = ({ instance }: { readonly instance: string }) => instance !== batch.instance;
  const batches = between(evidence.of('batch-answered'), received.index, batch.index).filter(isOthers);
  const fetches = (evidence.fetches.get(sessionKey) ?? []).filter(isOthers);
  return (
    fetches.some(({ startMs, endMs }) => endMs >= received.atMs && startMs <= batch.atMs) ||
    batches.some(({ messageIds }) =>
      messageIds.some((messageId) => evidence.messages.get(messageId)?.sessionKey === sessionKey),
    )
  );
}

function isFresh(content: { fingerprints: ReadonlySet<number>; latest: number | undefined } | undefined) {
  return content !== undefined && (content.latest === undefined || content.fingerprints.has(content.latest));
}

/** Not acknowledged, it is handed out again in time, unless nothing is. */
function checkWait({ of, terms }: Evidence, { message, received }: Sibling): Violation[] {
  const { messageId, receives, deletions, deadLetterings } = message;
  const next = [...receives, ...deletions, ...deadLetterings]
    .filter(({ index }) => index > received.index)
    .toSorted((a, b) => a.index - b.index)[0];
  if (!next) return [];
  const longestMs = terms.visibilityTimeoutMs + terms.functionTimeoutMs;
  const wasClosed = findClosures(of('tap-turned'), 0).some(
    ({ fromMs, untilMs }) => fromMs < next.atMs && untilMs > received.atMs,
  );
  if (wasClosed || next.atMs - received.atMs <= longestMs) return [];
  return toViolations(next.atMs, `message ${messageId} waited longer than one visibility timeout`);
}

function toViolations(atMs: number, text: string): Violation[] {
  return [{ invariant: 'I9', atMs, text }];
}
