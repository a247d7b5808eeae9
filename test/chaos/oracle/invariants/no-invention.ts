import type { Announcement } from '../evidence/announcements.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Look } from '../evidence/looks.ts';
import { truthsBetween } from '../evidence/truths.ts';
import type { Violation } from '../violation.ts';

/** I3: every record traces to something that was asked for, and says what Crisp said. */
export function checkNoInvention(evidence: Evidence): Violation[] {
  return [
    ...checkSends(evidence),
    ...evidence.unreadable.map(({ notice, problem }) => toViolation(notice.atMs, `a notice is ${problem}`)),
    ...[...evidence.announcements.values()].flat().flatMap((each) => checkAnnouncement(evidence, each)),
    ...checkHashes(evidence),
    ...checkDeliveries(evidence),
  ];
}

/** The webhook sends for genuine deliveries alone, and for the session that they name. */
function checkSends(evidence: Evidence): Violation[] {
  const deliveries = new Map(evidence.of('hook-delivered').map((each) => [each.deliveryId, each]));
  return evidence.of('message-sent').flatMap(({ by, deliveryId = '', messageId, atMs }) => {
    if (by !== 'webhook') return [];
    const delivered = deliveries.get(deliveryId);
    const sessionKey = evidence.messages.get(messageId)?.sessionKey;
    if (!delivered) return toViolation(atMs, `message ${messageId} belongs to no delivery`);
    if (!delivered.isGenuine)
      return toViolation(atMs, `delivery ${deliveryId} is not genuine and was enqueued`);
    return sessionKey === `${delivered.websiteId}:${delivered.sessionId}`
      ? []
      : toViolation(atMs, `message ${messageId} is of another session than delivery ${deliveryId}`);
  });
}

function checkAnnouncement(evidence: Evidence, announcement: Announcement): Violation[] {
  const { sessionKey, index, atMs, version } = announcement;
  const name = `version ${version} of ${sessionKey}`;
  const isAskedFor = evidence
    .of('message-sent')
    .some((sent) => sent.index < index && evidence.messages.get(sent.messageId)?.sessionKey === sessionKey);
  if (!isAskedFor) return [toViolation(atMs, `${name} was announced, and nobody had asked for it`)];
  const problem =
    announcement.kind === 'removed'
      ? checkRemoval(evidence, announcement)
      : checkSource(evidence, announcement);
  return problem === undefined ? [] : [toViolation(atMs, `${name} ${problem}`)];
}

const SECOND_LOOK_AFTER_MS = 10_000;

/**
 * Crisp had to be without it, seen twice, and to answer for the website. The first look may be one that Crisp broke off
 * after its status: of such an answer the history has none.
 */
function checkRemoval(evidence: Evidence, { sessionKey, index }: Announcement): string | undefined {
  const looks = (evidence.looks.get(sessionKey) ?? []).filter((look) => look.index < index);
  const first = looks.find((look) => isAbsence(evidence, sessionKey, look));
  const last = looks.findLast(({ found }) => found !== 'unknown');
  if (!first || last?.found !== 'missing') return 'is a removal that nobody saw';
  if (last.atMs - first.atMs < SECOND_LOOK_AFTER_MS) return 'is a removal seen only once';

  const websiteId = sessionKey.slice(0, sessionKey.indexOf(':'));
  const isConfirmed = evidence
    .of('crisp-answered')
    .some(
      ({ route, path, status, ...answered }) =>
        route === 'website' &&
        status === 200 &&
        path.includes(websiteId) &&
        answered.index > first.index &&
        answered.index < index,
    );
  if (!isConfirmed) return 'is a removal that no control call confirmed';
  return isGone(evidence, sessionKey, last) ? undefined : 'is a removal, and Crisp has the conversation';
}

function isAbsence(evidence: Evidence, sessionKey: string, look: Look): boolean {
  return look.found === 'missing' || (look.isBrokenOff && isGone(evidence, sessionKey, look));
}

function isGone(evidence: Evidence, sessionKey: string, { atMs }: Look): boolean {
  const truths = truthsBetween(evidence.truths.get(sessionKey) ?? [], atMs, atMs);
  return truths.some(({ fingerprints }) => fingerprints === null);
}

type Enriched = Extract<Announcement, { kind: 'enriched' }>;

/** Its content is what one fetch read, and that fetch left nothing out that Crisp had all along. */
function checkSource(evidence: Evidence, announcement: Enriched): string | undefined {
  const { sessionKey, index, content, put } = announcement;
  if (!put) return 'was announced before it was archived';
  const sources = (evidence.fetches.get(sessionKey) ?? []).filter(
    (fetch) => fetch.endIndex < index && fetch.content?.key === content.key,
  );
  if (sources.length === 0) return 'says what Crisp never said';
  const isComplete = sources.some((fetch) => {
    if (fetch.isDisturbed) return true;
    const [first, ...others] = truthsBetween(
      evidence.truths.get(sessionKey) ?? [],
      fetch.startMs,
      fetch.endMs,
    );
    const isThroughout = (each: number) => others.every(({ fingerprints }) => fingerprints?.has(each));
    const isNamedThroughout = (each: string) => others.every(({ names }) => names?.has(each));
    return (
      [...(first?.fingerprints ?? [])].filter(isThroughout).every((each) => content.fingerprints.has(each)) &&
      [...(first?.names ?? [])].filter(isNamedThroughout).every((each) => content.names.has(each))
    );
  });
  return isComplete ? undefined : 'lacks a message that Crisp had all along';
}

/** Of one session, equal hashes mean equal records, and equal records have equal hashes. */
function checkHashes(evidence: Evidence): Violation[] {
  return [...evidence.announcements.values()].flatMap((announcements) => {
    const enriched = announcements.filter((each) => each.kind === 'enriched');
    const byHash = new Map(enriched.map(({ contentHash, hashed }) => [contentHash, hashed]));
    const byContent = new Map(enriched.map(({ contentHash, hashed }) => [hashed, contentHash]));
    return enriched
      .filter(
        ({ contentHash, hashed }) =>
          byHash.get(contentHash) !== hashed || byContent.get(hashed) !== contentHash,
      )
      .map(({ atMs, version, sessionKey }) =>
        toViolation(atMs, `version ${version} of ${sessionKey} has not the content_hash of its content`),
      );
  });
}

/** A subscriber gets what the topic took, byte for byte. */
function checkDeliveries(evidence: Evidence): Violation[] {
  // The first of equal ones stays.
  const published = new Map(
    evidence
      .of('notice-published')
      .toReversed()
      .map(({ body, index }) => [body, index]),
  );
  return evidence
    .of('record-delivered')
    .filter(({ body, index }) => !((published.get(body) ?? Infinity) < index))
    .map(({ atMs }) => toViolation(atMs, 'a record was delivered that was never published'));
}

function toViolation(atMs: number, text: string): Violation {
  return { invariant: 'I3', atMs, text };
}
