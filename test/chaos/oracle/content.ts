import { type Announcement, type Evidence, type Fetch, type Look, truthsBetween } from './evidence.ts';
import type { HistoryEvent, Violation } from './history.ts';

/** I8: whoever keeps the highest version of a session never goes back to older content. */
export function checkNeverStale(evidence: Evidence): Violation[] {
  return [
    ...[...evidence.announcements].flatMap(([sessionKey, announcements]) =>
      checkSession(evidence, sessionKey, announcements),
    ),
    ...checkArchive(evidence),
  ];
}

function checkSession(
  evidence: Evidence,
  sessionKey: string,
  announcements: readonly Announcement[],
): Violation[] {
  const sorted = announcements.toSorted((a, b) => a.version - b.version || a.index - b.index);
  return sorted.flatMap((newer, place) => {
    const older = sorted[place - 1];
    const problem = findFreshnessProblem(evidence, newer) ?? (older && compare(evidence, older, newer));
    const text = `version ${newer.version} of ${sessionKey} ${problem}`;
    return problem === undefined ? [] : [{ invariant: 'I8', atMs: newer.atMs, text }];
  });
}

function compare(evidence: Evidence, older: Announcement, newer: Announcement): string | undefined {
  if (older.version === newer.version) {
    return isSame(older, newer) ? undefined : 'was announced with two contents';
  }
  if (older.kind === 'removed' || newer.kind === 'removed') return compareWithRemoval(evidence, older, newer);
  const [before, after] = [findSources(evidence, older), findSources(evidence, newer)];
  if (before.length === 0 || after.length === 0) return undefined;
  const isOlder =
    Math.max(...after.map(({ startMs }) => startMs)) < Math.min(...before.map(({ startMs }) => startMs));
  if (isOlder) return `is older than version ${older.version}`;
  return findLost(evidence, older, { newer, sources: after });
}

/** A record after a removal was fetched after it, and a removal after a record was not seen before that was fetched. */
function compareWithRemoval(
  evidence: Evidence,
  older: Announcement,
  newer: Announcement,
): string | undefined {
  const missingMs = (evidence.looks.get(older.sessionKey) ?? [])
    .filter(({ found, index }) => found === 'missing' && index < Math.max(older.index, newer.index))
    .map(({ atMs }) => atMs);
  if (older.kind === 'removed' && newer.kind === 'enriched') {
    const sources = findSources(evidence, newer);
    const firstMs = Math.min(...missingMs);
    return sources.some(({ startMs }) => startMs >= firstMs) ? undefined : 'is older than the removal';
  }
  if (older.kind === 'enriched' && newer.kind === 'removed') {
    const startMs = Math.min(...findSources(evidence, older).map((source) => source.startMs));
    return Math.max(...missingMs) >= startMs ? undefined : 'is a removal older than the record';
  }
  return undefined;
}

/** A message that an older version had is gone from a newer one only where Crisp was without it. */
function findLost(
  evidence: Evidence,
  older: Announcement,
  { newer, sources }: { newer: Announcement; sources: readonly Fetch[] },
): string | undefined {
  if (older.kind !== 'enriched' || newer.kind !== 'enriched') return undefined;
  if (sources.some(({ isDisturbed }) => isDisturbed)) return undefined;
  const truths = sources.flatMap(({ startMs, endMs }) =>
    truthsBetween(evidence.truths.get(newer.sessionKey) ?? [], startMs, endMs),
  );
  const lost = [...older.content.fingerprints].filter((each) => !newer.content.fingerprints.has(each));
  const isWrong = lost.some((fingerprint) =>
    truths.every(({ fingerprints }) => fingerprints?.has(fingerprint)),
  );
  return isWrong ? `lacks a message of version ${older.version} that Crisp still has` : undefined;
}

/**
 * Where Crisp's answer lacked the newest message, it is announced only at the fourth look. The looks are counted in the
 * ledger: where that had trouble, fewer may have been enough.
 */
function findFreshnessProblem(evidence: Evidence, announcement: Announcement): string | undefined {
  if (announcement.kind !== 'enriched' || announcement.coversLatest !== false) return undefined;
  const faults = evidence.of('fault-injected');
  if (faults.some(({ place, index }) => place === 'ledger' && index < announcement.index)) return undefined;
  const receives = [...evidence.messages.values()]
    .filter(({ sessionKey }) => sessionKey === announcement.sessionKey)
    .flatMap((message) => message.receives)
    .filter(({ index }) => index < announcement.index);
  return receives.some(({ receiveCount }) => receiveCount > STALE_READS)
    ? undefined
    : 'lacks the newest message and was not put off three times';
}

const STALE_READS = 3;

/** An archived version never changes. */
function checkArchive(evidence: Evidence): Violation[] {
  const puts = Map.groupBy(
    evidence.of('object-put').filter(({ key }) => key.startsWith('records/')),
    ({ key }) => key,
  );
  return [...puts].flatMap(([key, [first, ...others]]) =>
    others
      .filter(({ body }) => body !== first?.body)
      .map(({ atMs }): Violation => ({ invariant: 'I8', atMs, text: `${key} was changed` })),
  );
}

function findSources(evidence: Evidence, announcement: Announcement): readonly Fetch[] {
  if (announcement.kind !== 'enriched') return [];
  return (evidence.fetches.get(announcement.sessionKey) ?? []).filter(
    ({ content, endIndex }) => endIndex < announcement.index && content?.key === announcement.content.key,
  );
}

function isSame(one: Announcement, other: Announcement): boolean {
  if (one.kind === 'removed' || other.kind === 'removed') return one.kind === other.kind;
  return one.hashed === other.hashed;
}

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
    const named = [...(first?.names ?? [])].filter(isNamedThroughout);
    if (!fetch.isWhole) return named.filter(toVisible(fetch)).every((each) => content.names.has(each));
    return (
      [...(first?.fingerprints ?? [])].filter(isThroughout).every((each) => content.fingerprints.has(each)) &&
      named.every((each) => content.names.has(each))
    );
  });
  return isComplete ? undefined : 'lacks a message that Crisp had all along';
}

/** What a fetch has to see that builds on an earlier one: all that this had, and what is newer. No hook tells of an import. */
function toVisible({ earlierNames }: Fetch): (name: string) => boolean {
  const newestMs = Math.max(...[...earlierNames].map(toMs));
  return (name) => earlierNames.has(name) || toMs(name) > newestMs;
}

/** A message is named by its fingerprint, its timestamp, its type and its sender. */
function toMs(name: string): number {
  return Number(/^\[[^,]*,(\d+),/.exec(name)?.[1]);
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

/** I7: no secret and no text of a conversation in what people, queues or the ledger see; no secret in a record either. */
export function checkNoLeak({ history, terms }: Evidence): Violation[] {
  const secrets = toPattern(terms.secrets);
  const everything = toPattern([...terms.secrets, ...terms.canaries]);
  return history.flatMap((event) => {
    const place = findPlace(event);
    if (!place) return [];
    const pattern = place.mayHoldContent ? secrets : everything;
    return pattern?.test(place.text)
      ? [{ invariant: 'I7', atMs: event.atMs, text: `${place.name} holds what must stay secret` }]
      : [];
  });
}

interface Place {
  readonly name: string;
  readonly text: string;
  readonly mayHoldContent: boolean;
}

function findPlace(event: HistoryEvent): Place | undefined {
  switch (event.type) {
    case 'line-written':
      return { name: `a line of ${event.by}`, text: event.text, mayHoldContent: false };
    case 'note-written':
      return { name: 'a note in the ledger', text: event.text, mayHoldContent: false };
    case 'message-sent':
      // A stranger may put anything into the queue.
      if (event.by === 'stranger') return undefined;
      return { name: `message ${event.messageId}`, text: event.body, mayHoldContent: false };
    case 'hook-answered':
      return { name: `the answer to delivery ${event.deliveryId}`, text: event.body, mayHoldContent: false };
    case 'object-put':
      return { name: `the object ${event.key}`, text: event.body, mayHoldContent: true };
    case 'notice-published':
      return { name: 'a notice', text: event.body, mayHoldContent: true };
    default:
      return undefined;
  }
}

/** Each text as it is, in JSON, in a URL, and in base64 wherever it begins. */
function toPattern(texts: readonly string[]): RegExp | undefined {
  const spellings = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    ...[0, 1, 2].map((offset) => toBase64Core(text, offset)),
  ]);
  const alternatives = [...new Set(spellings)]
    .filter((each) => each.length >= SHORTEST)
    .map(escapeForPattern);
  return alternatives.length === 0 ? undefined : new RegExp(alternatives.join('|'), 'i');
}

// Shorter ones would be found by chance.
const SHORTEST = 6;

// What does not depend on the neighbours: the first and last characters are left out where they share bits with them.
function toBase64Core(text: string, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64');
  const start = offset === 0 ? 0 : 4;
  return encoded.slice(start, -4);
}

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
