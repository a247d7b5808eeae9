import type { Announcement } from '../evidence/announcements.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Fetch } from '../evidence/fetches.ts';
import { truthsBetween } from '../evidence/truths.ts';
import type { Violation } from '../violation.ts';

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
