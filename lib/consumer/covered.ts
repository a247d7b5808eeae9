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

interface Quiet {
  /** For how long a session that is written to all the time may go without a fetch. */
  readonly maxWaitMs: number;
  readonly nowMs: number;
}

/** True where reading the session's activity may spare a fetch, or count one that it spared: a quiet session costs no read. */
export function mayBeSuperseded(stored: StoredLatest | null, { maxWaitMs, nowMs }: Quiet): boolean {
  return isYounger(stored, 2 * maxWaitMs, nowMs);
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
  if (!isYounger(stored, maxWaitMs, nowMs) || !isLastRunFine(runs)) return false;
  return messages.every((message) => sent.some((later) => supersedes(later, message)));
}

function isYounger(stored: StoredLatest | null, ageMs: number, nowMs: number): boolean {
  const { started_ms } = stored?.latest ?? {};
  return stored?.latest.announced === true && started_ms !== undefined && nowMs - started_ms < ageMs;
}

/** By when it is due, and not by its bucket's start: where B was changed, an earlier bucket may end later. */
function supersedes(later: SentMessage, { message, job }: DecodedMessage): boolean {
  const { sequenceNumber } = message;
  const { mode, notBeforeMs } = job;
  if (sequenceNumber === undefined || notBeforeMs === undefined) return false;
  if (later.sequenceNumber <= sequenceNumber || STRENGTH[later.mode] < STRENGTH[mode]) return false;
  return (
    later.notBeforeMs > notBeforeMs ||
    (later.notBeforeMs === notBeforeMs && STRENGTH[later.mode] > STRENGTH[mode])
  );
}

const STRENGTH: Readonly<Record<FetchMode, number>> = { incremental: 0, full: 1 };

function isLastRunFine(runs: readonly Run[]): boolean {
  const last = runs.find((run) => !isWithoutFetch(run) && run.code !== 'not_due');
  return last !== undefined && FINE.has(last.outcome);
}

const FINE: ReadonlySet<Run['outcome']> = new Set(['emitted', 'unchanged', 'removed']);

function isWithoutFetch({ outcome }: Run): boolean {
  return outcome === 'covered' || outcome === 'superseded';
}

/** How many messages were acknowledged without a fetch since the record that was announced last. */
export function countAbsorbed({ runs }: SessionActivity): number {
  const since = runs.findIndex(({ outcome }) => outcome === 'emitted');
  return runs.slice(0, since === -1 ? runs.length : since).filter(isWithoutFetch).length;
}
