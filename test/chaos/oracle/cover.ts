import { type Announcement, type Evidence, type Fetch, truthsBetween } from './evidence.ts';

type Cover = 'announced' | 'unchanged' | 'removed' | 'never-announced';

interface CoverQuery {
  readonly sessionKey: string;
  /** The fetch must have started then or later. */
  readonly afterMs: number;
  /** Only what lies before this place of the history counts. */
  readonly beforeIndex: number;
  /** Of the message that must be in the content, where the event was about one. */
  readonly fingerprint?: number | undefined;
  /** The fetch must have read every page. */
  readonly needsWhole?: boolean;
}

/**
 * How an event is covered: by a fetch that started after it and whose content was announced, or equals what was announced
 * last; by a notice that the conversation is gone; or, where nothing was ever announced and Crisp has nothing, by nobody
 * needing to know. Undefined: not at all.
 */
export function findCover(evidence: Evidence, query: CoverQuery): Cover | undefined {
  const { sessionKey, afterMs, beforeIndex, needsWhole } = query;
  const announcements = (evidence.announcements.get(sessionKey) ?? []).filter(
    ({ index }) => index < beforeIndex,
  );
  for (const fetch of evidence.fetches.get(sessionKey) ?? []) {
    if (needsWhole && !fetch.isWhole) continue;
    if (fetch.startMs < afterMs || fetch.endIndex >= beforeIndex || !holds(evidence, fetch, query)) continue;
    const cover = findAnnounced(fetch, announcements);
    if (cover) return cover;
  }
  return findRemoval(evidence, query, announcements);
}

/** How a fetch was made known; undefined where it was not. */
export function findAnnounced(
  { content, endIndex }: Fetch,
  announcements: readonly Announcement[],
): 'announced' | 'unchanged' | undefined {
  if (!content) return undefined;
  const isSame = (each: Announcement | undefined) =>
    each?.kind === 'enriched' && each.content.key === content.key;
  if (announcements.some((each) => each.index > endIndex && isSame(each))) return 'announced';
  const before = announcements.filter(({ index }) => index < endIndex);
  return isSame(toHighest(before)) ? 'unchanged' : undefined;
}

/** What a reader who keeps the highest version has. */
function toHighest(announcements: readonly Announcement[]): Announcement | undefined {
  return announcements.toSorted((a, b) => a.version - b.version).at(-1);
}

// A message that Crisp did not have all along may be missing, and so may one that a stale answer left out.
function holds(evidence: Evidence, fetch: Fetch, { fingerprint }: CoverQuery): boolean {
  if (fingerprint === undefined || fetch.isDisturbed) return fetch.content !== undefined;
  if (fetch.content?.fingerprints.has(fingerprint)) return true;
  const truths = truthsBetween(evidence.truths.get(fetch.sessionKey) ?? [], fetch.startMs, fetch.endMs);
  return truths.some(({ fingerprints }) => !fingerprints?.has(fingerprint));
}

function findRemoval(
  evidence: Evidence,
  { sessionKey, afterMs, beforeIndex }: CoverQuery,
  announcements: readonly Announcement[],
): 'removed' | 'never-announced' | undefined {
  const truths = evidence.truths.get(sessionKey) ?? [];
  const isGone = (atMs: number) =>
    truthsBetween(truths, atMs, atMs).some(({ fingerprints }) => fingerprints === null);
  const look = (evidence.looks.get(sessionKey) ?? []).find(
    ({ atMs, index, found }) => atMs >= afterMs && index < beforeIndex && found === 'missing' && isGone(atMs),
  );
  if (!look) return undefined;
  if (announcements.length === 0) return 'never-announced';
  const after = announcements.find(({ index, kind }) => index > look.index && kind === 'removed');
  const before = toHighest(announcements.filter(({ index }) => index < look.index));
  return after || before?.kind === 'removed' ? 'removed' : undefined;
}
