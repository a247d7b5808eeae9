import { type DeadLetter, toReasonText } from '../dead-letters/dead-letter.ts';
import { type Run, type RunOutcome, toNextMs } from '../ledger/runs.ts';
import type { SentMessage } from '../ledger/session-notes.ts';
import type { Latest } from '../record/archive.ts';
import { plural } from '../text.ts';

/** What happened at a moment of a session's story. */
type TimelineKind =
  | 'hook'
  | 'queued'
  | 'coalesced'
  | 'fetched'
  | 'announced'
  | 'archived'
  | 'dead-lettered'
  | 'redriven'
  | 'waiting'
  | Exclude<RunOutcome, 'emitted'>;

/** One line of a session's story. Ids, codes, counts and moments; never content. */
export interface TimelineEntry {
  /** Epoch ms. */
  readonly atMs: number;
  readonly kind: TimelineKind;
  /** A clause for a person, without moment, code and counts that stand beside it. */
  readonly words: string;
  /** Requests to Crisp. */
  readonly calls?: number;
  readonly durationMs?: number;
  /** Of the record. */
  readonly version?: number;
  /** Of the failure, or why it was put off; with its detail after a colon. */
  readonly code?: string;
  /** When it goes on at the earliest; of a dead letter, when SQS deletes it. Epoch ms. */
  readonly nextMs?: number;
  readonly messageId?: string;
}

/** A hook as the process saw it that answered it: only local mode keeps them. */
export interface SeenHook {
  readonly atMs: number;
  /** `message:send`. */
  readonly event: string;
  /** Of the queue message that it became, or joined. */
  readonly messageId: string;
}

/** All that is kept of a session. */
export interface SessionFacts {
  readonly runs: readonly Run[];
  readonly latest: Latest | undefined;
  /** Of its archived records: epoch ms of the fetch that each came from. */
  readonly versions: readonly number[];
  /** When its dead letters were brought back one by one. */
  readonly redrivenMs: readonly number[];
  readonly deadLetters: readonly DeadLetter[];
  /** The newest queue messages of its hooks. */
  readonly sent: readonly SentMessage[];
  readonly hooks: readonly SeenHook[];
}

/** A session's story, the oldest entry first: what came in, what it was joined with, and what became of it. */
export function toTimeline(facts: SessionFacts): readonly TimelineEntry[] {
  const runs = facts.runs.toSorted((a, b) => a.startedMs - b.startedMs);
  const entries = [
    ...toHookEntries(facts.hooks),
    ...toQueuedEntries(runs, facts.hooks),
    ...toFetches(runs).flatMap((fetch) => toFetchEntries(fetch, facts)),
    ...toOtherVersions(runs, facts),
    ...facts.deadLetters.map(toDeadLetterEntry),
    ...facts.redrivenMs.map((notedMs) => toRedrivenEntry(notedMs, runs)),
    ...toWaitingEntries(runs, facts.sent),
  ];
  return entries.toSorted((a, b) => a.atMs - b.atMs || toPlace(a) - toPlace(b));
}

/** Of entries of one moment; all others come after them. */
const ORDER: readonly TimelineKind[] = ['redriven', 'hook', 'queued', 'fetched', 'coalesced'];

function toPlace({ kind }: TimelineEntry): number {
  const place = ORDER.indexOf(kind);
  return place === -1 ? ORDER.length : place;
}

function toHookEntries(hooks: readonly SeenHook[]): TimelineEntry[] {
  const seen = new Set<string>();
  return hooks
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, event, messageId }) => {
      const words = seen.has(messageId) ? `${event}, joined what was queued` : `${event}, queued`;
      seen.add(messageId);
      return { atMs, kind: 'hook', words, messageId };
    });
}

/** What was queued by other means than a hook that was seen. */
function toQueuedEntries(runs: readonly Run[], hooks: readonly SeenHook[]): TimelineEntry[] {
  const seen = new Set(hooks.map(({ messageId }) => messageId));
  return runs.flatMap(({ messageId, queuedMs }) => {
    if (queuedMs === undefined || seen.has(messageId)) return [];
    seen.add(messageId);
    return [{ atMs: queuedMs, kind: 'queued', words: 'taken by the sessions queue', messageId }];
  });
}

/** The runs of the messages that one invocation handled together: they share its fetch. */
function toFetches(runs: readonly Run[]): Run[][] {
  return [...Map.groupBy(runs, (run) => `${run.startedMs} ${run.requestId} ${run.outcome}`).values()];
}

function toFetchEntries(runs: readonly Run[], facts: SessionFacts): TimelineEntry[] {
  const [run, ...others] = runs;
  if (!run) return [];
  // What was put off or failed has a line for each of its messages: each goes on by itself.
  if (!ANSWERED.has(run.outcome)) return runs.map(toRunEntry);
  const joined = others.map(({ startedMs: atMs, messageId }): TimelineEntry => {
    return { atMs, kind: 'coalesced', words: 'answered by the same fetch', messageId };
  });
  return [...toAnswer(run, facts), ...joined];
}

const ANSWERED: ReadonlySet<RunOutcome> = new Set(['emitted', 'unchanged', 'removed', 'skipped']);

function toAnswer(run: Run, facts: SessionFacts): TimelineEntry[] {
  const { startedMs: atMs, durationMs, messageId, apiCalls: calls, outcome } = run;
  const common = { atMs, calls, durationMs, messageId };
  if (outcome === 'skipped') return [{ ...common, kind: 'skipped', words: 'not at Crisp, and never seen' }];
  if (outcome === 'unchanged') {
    const version = facts.versions.findLast((it) => it <= atMs + durationMs);
    const words = 'fetched, and found as it was announced last';
    return [{ ...common, kind: 'unchanged', words, ...(version !== undefined && { version }) }];
  }
  const words = outcome === 'removed' ? 'looked for, and no longer at Crisp' : 'fetched';
  const version = facts.versions.find((it) => it >= atMs && it <= atMs + durationMs);
  const announcement = { atMs: atMs + durationMs, messageId, ...(version !== undefined && { version }) };
  return [
    { ...common, kind: 'fetched', words },
    { ...announcement, ...describeRecord(version, facts.latest, outcome === 'removed') },
  ];
}

function describeRecord(version: number | undefined, latest: Latest | undefined, isRemoval: boolean) {
  if (version !== undefined && version === latest?.version && !latest.announced)
    return { kind: 'archived', words: 'archived, not announced yet' } as const;
  return isRemoval
    ? ({ kind: 'removed', words: 'announced as removed' } as const)
    : ({ kind: 'announced', words: 'announced to every consumer' } as const);
}

function toRunEntry(run: Run): TimelineEntry {
  const { startedMs, durationMs, messageId, apiCalls, code, outcome } = run;
  const nextMs = outcome === 'dead' ? undefined : toNextMs(run);
  return {
    atMs: startedMs,
    kind: outcome === 'emitted' ? 'announced' : outcome,
    words: toWords(run),
    calls: apiCalls,
    durationMs,
    messageId,
    ...(code !== undefined && { code }),
    ...(nextMs !== undefined && { nextMs }),
  };
}

function toWords({ outcome, attempt, stage, status, reason }: Run): string {
  const where = `${stage ? ` in ${stage}` : ''}${status === undefined ? '' : `, HTTP ${status}`}`;
  const why = reason === undefined ? '' : ` (${reason})`;
  switch (outcome) {
    case 'covered':
      return 'needs no call: the record that was announced last answers it';
    case 'superseded':
      return 'needs no call: a later message is fetched in its place';
    case 'deferred':
      return stage === undefined ? 'put off' : `put off${where}, which spends no attempt${why}`;
    case 'held':
      return 'held: the breaker is open, or the queue is paused';
    case 'failed':
      return `attempt ${attempt} failed${where}${why}`;
    case 'dead':
      return `attempt ${attempt} failed for good${where}${why}`;
    default:
      return outcome;
  }
}

/** Versions of which no run is shown: it is too old, or was not written down. */
function toOtherVersions(runs: readonly Run[], { latest, versions }: SessionFacts): TimelineEntry[] {
  const isShown = (version: number) =>
    runs.some(
      ({ outcome, startedMs, durationMs }) =>
        (outcome === 'emitted' || outcome === 'removed') &&
        version >= startedMs &&
        version <= startedMs + durationMs,
    );
  return versions
    .filter((version) => !isShown(version))
    .map((version) => {
      const isRemoval = version === latest?.version && latest.kind === 'conversation.removed';
      return { atMs: version, version, ...describeRecord(version, latest, isRemoval) };
    });
}

function toDeadLetterEntry(letter: DeadLetter): TimelineEntry {
  const { deadSinceMs, lastFailedMs, expiresMs, attempts, messageId, reason } = letter;
  const why = reason.hint === undefined ? '' : ` (${reason.hint})`;
  return {
    atMs: deadSinceMs ?? lastFailedMs ?? 0,
    kind: 'dead-lettered',
    words: `waits in the dead-letter queue after ${plural(attempts, 'attempt')}${why}`,
    code: toReasonText(reason),
    ...(expiresMs !== undefined && { nextMs: expiresMs }),
    messageId,
  };
}

// A redrive is noted once the queue has what it sent.
const NOTED_WITHIN_MS = 10_000;

/** Its place is that of what it sent: of what was queued within ten seconds before, the newest. */
function toRedrivenEntry(notedMs: number, runs: readonly Run[]): TimelineEntry {
  const atMs = runs
    .flatMap(({ queuedMs }) => queuedMs ?? [])
    .filter((queuedMs) => queuedMs <= notedMs && notedMs - queuedMs < NOTED_WITHIN_MS)
    .reduce((newest, queuedMs) => Math.max(newest, queuedMs), 0);
  return { atMs: atMs || notedMs, kind: 'redriven', words: 'brought back from the dead-letter queue' };
}

/** A hook's message that no run has answered yet. */
function toWaitingEntries(runs: readonly Run[], sent: readonly SentMessage[]): TimelineEntry[] {
  return sent
    .filter(({ notBeforeMs }) => !runs.some(({ startedMs }) => startedMs >= notBeforeMs))
    .map(({ mode, notBeforeMs }) => ({
      atMs: notBeforeMs,
      kind: 'waiting',
      words: `waits for its ${mode} fetch`,
      nextMs: notBeforeMs,
    }));
}
