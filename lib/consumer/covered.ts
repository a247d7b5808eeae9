import type { FetchMode } from '../ids.ts';
import type { Run } from '../ledger/runs.ts';
import type { SentMessage, SessionActivity } from '../ledger/session-notes.ts';
import type { StoredLatest } from '../record/archive.ts';
import type { DecodedMessage, SessionUnit } from './context.ts';

/**
 * True where the record that was announced last answers all of these messages, so that none needs a call to Crisp: its
 * fetch was at least as strong as they ask, and began after every event of their buckets. Rests on the archive alone.
 */
export function isCovered(stored: StoredLatest | null, { messages }: SessionUnit): boolean {
  if (!stored?.latest.announced) return false;
  const { started_ms, full_started_ms } = stored.latest;
  return messages.every((message) => {
    const startedMs = message.job.mode === 'full' ? full_started_ms : started_ms;
    return startedMs !== undefined && toAnsweredMs(message) <= startedMs;
  });
}

/**
 * A fetch that begins then or later has seen every event of the message. Another producer's does not say by when its
 * events happened: it is answered by a fetch of its own alone. Where it was sent after it was due, because it was redriven
 * or the webhook's clock is behind, events may have joined it for the length of a bucket.
 */
function toAnsweredMs({ message: { sentMs = 0 }, job: { bucketMs, notBeforeMs } }: DecodedMessage): number {
  if (bucketMs === undefined || notBeforeMs === undefined) return Number.POSITIVE_INFINITY;
  return sentMs < notBeforeMs ? notBeforeMs : sentMs + notBeforeMs - bucketMs;
}

/** A fetch that builds on the archive never looks at old pages again: this long after the last that did, all are read. */
const FULL_AGAIN_AFTER_MS = 7 * 24 * 3600 * 1000;

/** True where one of the messages asks for every page, or none was read for long. */
export function asksForAll(stored: StoredLatest | null, { messages }: SessionUnit, nowMs: number): boolean {
  if (messages.some(({ job }) => job.mode === 'full')) return true;
  return stored !== null && nowMs - (stored.latest.full_started_ms ?? 0) >= FULL_AGAIN_AFTER_MS;
}

interface Quiet {
  /** For how long a session that is written to all the time may go without a fetch. */
  readonly maxWaitMs: number;
  readonly nowMs: number;
}

/** True where reading the session's activity may spare a fetch, or count one that it spared: a quiet session costs no read. */
export function mayBeSuperseded(stored: StoredLatest | null, { maxWaitMs, nowMs }: Quiet): boolean {
  return toFetchAgeMs(stored, [], nowMs) < 2 * maxWaitMs;
}

/**
 * True where a later message of the session, sent already, will be fetched for all of these: it is at least as strong, and
 * is due no earlier, so that its fetch begins after all their events. Not where the last run did not succeed, or the last
 * fetch is too long ago: then this one is made, and a long chat is refreshed regularly.
 */
export function isSuperseded(
  stored: StoredLatest | null,
  { messages }: SessionUnit,
  { sent, runs }: SessionActivity,
  { maxWaitMs, nowMs }: Quiet,
): boolean {
  if (toFetchAgeMs(stored, runs, nowMs) >= maxWaitMs || !isLastRunFine(runs)) return false;
  return messages.every((message) => sent.some((later) => supersedes(later, message)));
}

/** Of the longest wait. With a quarter left for bucket and queue, the fetch still comes in time, and joins more bursts than a bucket. */
const REST_SHARE = 3 / 4;

/**
 * For how long messages of a session that was fetched lately wait for later ones, in ms; 0: not at all. Only at their first
 * receive, and only where they ask for what is new: an edit or a removal is fetched when it is due.
 */
export function toRestMs(
  stored: StoredLatest | null,
  { messages }: SessionUnit,
  runs: readonly Run[],
  { maxWaitMs, nowMs }: Quiet,
): number {
  if (messages.some(({ message, job }) => job.mode === 'full' || message.receiveCount > 1)) return 0;
  return Math.max(0, maxWaitMs * REST_SHARE - toFetchAgeMs(stored, runs, nowMs));
}

/** How long ago the last fetch that answered anything began; infinite where none is known. */
function toFetchAgeMs(stored: StoredLatest | null, runs: readonly Run[], nowMs: number): number {
  if (!stored?.latest.announced) return Number.POSITIVE_INFINITY;
  // A fetch that found nothing new is in the runs alone, and a run begins just before its fetch.
  const unchangedMs = runs.find(({ outcome }) => outcome === 'unchanged')?.startedMs ?? 0;
  return nowMs - Math.max(stored.latest.started_ms ?? 0, unchangedMs);
}

/** By when it is due, and not by its bucket's start: where B was changed, an earlier bucket may end later. */
function supersedes(later: SentMessage, { message, job }: DecodedMessage): boolean {
  const { sequenceNumber, sentMs = 0 } = message;
  const { mode, bucketMs = 0, notBeforeMs } = job;
  if (sequenceNumber === undefined || notBeforeMs === undefined) return false;
  // Its webhook's clock was ahead, so that its bucket may last longer than that of a later message.
  if (bucketMs > sentMs) return false;
  if (later.sequenceNumber <= sequenceNumber || STRENGTH[later.mode] < STRENGTH[mode]) return false;
  return (
    later.notBeforeMs > notBeforeMs ||
    (later.notBeforeMs === notBeforeMs && STRENGTH[later.mode] > STRENGTH[mode])
  );
}

const STRENGTH: Readonly<Record<FetchMode, number>> = { incremental: 0, full: 1 };

function isLastRunFine(runs: readonly Run[]): boolean {
  const last = runs.find((run) => !isWithoutFetch(run) && !WAITS.has(run.code ?? ''));
  return last !== undefined && FINE.has(last.outcome);
}

/** Reasons of deferrals that come before any request. */
const WAITS: ReadonlySet<string> = new Set(['not_due', 'fetched_lately']);

const FINE: ReadonlySet<Run['outcome']> = new Set(['emitted', 'unchanged', 'removed']);

function isWithoutFetch({ outcome }: Run): boolean {
  return outcome === 'covered' || outcome === 'superseded';
}

/** How many messages were acknowledged without a fetch since the record that was announced last. */
export function countAbsorbed({ runs }: SessionActivity): number {
  const since = runs.findIndex(({ outcome }) => outcome === 'emitted');
  return runs.slice(0, since === -1 ? runs.length : since).filter(isWithoutFetch).length;
}
