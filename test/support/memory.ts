import { createHash } from 'node:crypto';
import { JobError } from '../../lib/errors.ts';
import { toSessionKey } from '../../lib/ids.ts';
import type { Failure, FailureNote, FailureNotes } from '../../lib/ledger/failure-notes.ts';
import type { FailureWeight, MessageNotes } from '../../lib/ledger/message-notes.ts';
import { type Run, type RunHistory, type RunLog, toRunKey, toRunOwner } from '../../lib/ledger/runs.ts';
import type { SentMessage, SessionNotes } from '../../lib/ledger/session-notes.ts';
import type { CoalescedJob } from '../../lib/queue/coalesce.ts';
import type {
  QueuedMessage,
  SendResult,
  SessionBatches,
  SessionQueue,
} from '../../lib/queue/sessions-queue.ts';
import { decodeLatest, type RecordArchive, toArchiveKey } from '../../lib/record/archive.ts';
import type { ClaimCheck, EnrichedRecord, RemovedRecord } from '../../lib/record/schema.ts';
import { escapeBody, type Notice, type RecordTopic } from '../../lib/record/topic.ts';
import type { Telemetry, TelemetryEvent, TelemetryEventName } from '../../lib/telemetry/events.ts';
import { clipReason } from '../../lib/text.ts';

/** The notes in memory. */
export function createMemoryMessageNotes(): MessageNotes & FailureNotes {
  const absences = new Map<string, number>();
  const staleReads = new Map<string, number>();
  const failures = new Map<string, LimitedFailure>();

  return {
    async noteAbsence(messageId, nowMs) {
      const firstMs = absences.get(messageId) ?? nowMs;
      absences.set(messageId, firstMs);
      return firstMs;
    },

    async clearAbsence(messageId) {
      absences.delete(messageId);
    },

    async countStaleRead(messageId) {
      const count = (staleReads.get(messageId) ?? 0) + 1;
      staleReads.set(messageId, count);
      return count;
    },

    async noteFailure(messageId, failure, options) {
      const next = addFailure(failures.get(messageId), failure, options);
      failures.set(messageId, next);
      return next.note;
    },

    readFailure: async (messageId) => failures.get(messageId)?.note,

    async readMany(messageIds) {
      const known = messageIds.map((messageId) => [messageId, failures.get(messageId)?.note] as const);
      return new Map(known.flatMap(([messageId, note]) => (note ? [[messageId, note]] : [])));
    },
  };
}

interface LimitedFailure {
  readonly note: FailureNote;
  /** Of the first failure: what was final once stays so, whatever later ones say. */
  readonly maxAttempts: number;
}

function addFailure(
  before: LimitedFailure | undefined,
  { code, detail, hint, status }: Failure,
  { spendsAttempt, isPermanent, nowMs, ...options }: FailureWeight & { readonly nowMs: number },
): LimitedFailure {
  const maxAttempts = before?.maxAttempts ?? options.maxAttempts;
  const failures = (before?.note.failures ?? 0) + (spendsAttempt ? 1 : 0);
  const isFinal = (before?.note.isFinal ?? false) || isPermanent || failures >= maxAttempts;
  const firstMs = before?.note.firstMs ?? nowMs;
  const clipped = hint === undefined ? undefined : clipReason(hint);
  return {
    maxAttempts,
    note: { code, detail, hint: clipped, status, failures, isFinal, firstMs, lastMs: nowMs },
  };
}

/** The archive in memory, with conditional writes as S3 documents them. */
interface MemoryRecordArchive extends RecordArchive {
  /** Every object's JSON text by its key, `records/…` and `latest/…`. */
  readonly objects: ReadonlyMap<string, string>;
}

const MEMORY_BUCKET = 'memory-archive';

export function createMemoryRecordArchive(): MemoryRecordArchive {
  const objects = new Map<string, string>();

  function put(key: string, text: string, replaces: string | undefined): string {
    const stored = objects.get(key);
    const storedRevision = stored === undefined ? undefined : toRevision(stored);
    if (stored !== text && storedRevision !== replaces) throw new JobError('record_superseded');
    objects.set(key, text);
    return toRevision(text);
  }

  return {
    objects,

    async putRecord(session, version, body) {
      const key = toArchiveKey(session, version);
      put(key, body, undefined);
      return { bucket: MEMORY_BUCKET, key, bytes: Buffer.byteLength(body), sha256: toRevision(body) };
    },

    async getRecord(session, version) {
      return objects.get(toArchiveKey(session, version));
    },

    async getLatest(session) {
      const text = objects.get(toArchiveKey(session, 'latest'));
      if (text === undefined) return undefined;
      const latest = decodeLatest(text);
      if (!latest) throw new JobError('archive_failed', { detail: 'latest_malformed' });
      return { latest, revision: toRevision(text) };
    },

    async putLatest(session, latest, replaces) {
      return put(toArchiveKey(session, 'latest'), escapeBody(latest), replaces);
    },
  };
}

// As S3's ETag: of the content.
function toRevision(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The topic in memory. */
export interface MemoryRecordTopic extends RecordTopic {
  /** What was published, oldest first. */
  readonly notices: readonly Notice[];
  /** Their bodies, parsed. */
  readonly records: readonly (EnrichedRecord | ClaimCheck | RemovedRecord)[];
}

export function createMemoryRecordTopic(): MemoryRecordTopic {
  const notices: Notice[] = [];

  return {
    notices,
    get records() {
      return notices.map(({ body }) => JSON.parse(body));
    },
    async publish(notice) {
      notices.push(notice);
    },
  };
}

interface MemoryRunLog extends RunLog, RunHistory {
  /** All runs, in the order in which they were recorded. */
  readonly runs: readonly Run[];
}

/** The run log in memory. */
export function createMemoryRunLog(): MemoryRunLog {
  const byKey = new Map<string, Run>();
  const newest = (owner: string, limit: number) =>
    [...byKey]
      .filter(([key]) => key.startsWith(`${owner}/`))
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .slice(0, limit)
      .map(([, run]) => run);

  return {
    get runs() {
      return [...byKey.values()];
    },

    async record(runs) {
      for (const run of runs) {
        const { pk, sk } = toRunKey(run);
        byKey.set(`${pk}/${sk}`, toKept(run));
      }
    },

    ofSession: async (session, { limit }) => newest(toRunOwner(session), limit),
    ofUnreadMessage: async (messageId, { limit }) => newest(toRunOwner(messageId), limit),
    recent: async ({ limit }) =>
      [...byKey.values()].sort((a, b) => b.startedMs - a.startedMs).slice(0, limit),
  };
}

/** The notes about sessions in memory, beside the runs of a log. */
export function createMemorySessionNotes(history: RunHistory): SessionNotes {
  const notes = new Map<string, SentMessage>();

  return {
    async noteSent(session, { mode, sequenceNumber, notBeforeMs }) {
      const key = `${toSessionKey(session)}:${mode}`;
      if ((notes.get(key)?.sequenceNumber ?? -1n) < sequenceNumber)
        notes.set(key, { mode, sequenceNumber, notBeforeMs });
    },
    async readActivity(session) {
      const keys = ['incremental', 'full'].map((mode) => `${toSessionKey(session)}:${mode}`);
      return {
        sent: keys.flatMap((key) => notes.get(key) ?? []),
        runs: await history.ofSession(session, { limit: 24 }),
      };
    },
  };
}

function toKept({ reason, ...run }: Run): Run {
  return { ...run, ...(reason !== undefined && { reason: clipReason(reason) }) };
}

/** The sessions queue in memory, for many jobs at once. */
interface MemorySessionBatches extends SessionBatches {
  /** What the queue took, twins included. */
  readonly sent: readonly CoalescedJob[];
  /** Makes the queue refuse a session from now on. */
  refuse(sessionId: string): void;
  /** What happens to each that the queue took, before the sender hears of it. */
  onSent(happen: (job: CoalescedJob) => Promise<void>): void;
}

export function createMemorySessionBatches(): MemorySessionBatches {
  const sent: CoalescedJob[] = [];
  const refused = new Set<string>();
  let happen: (job: CoalescedJob) => Promise<void> = async () => undefined;

  async function send(job: CoalescedJob): Promise<SendResult> {
    if (refused.has(job.job.sessionId)) return { outcome: 'failed', code: 'internal_error', mayRetry: true };
    sent.push(job);
    await happen(job);
    return { outcome: 'queued', messageId: `sent-${sent.length}` };
  }

  return {
    sent,
    refuse(sessionId) {
      refused.add(sessionId);
    },
    onSent(next) {
      happen = next;
    },
    async sendAll(jobs) {
      const results: SendResult[] = [];
      for (const job of jobs) results.push(await send(job));
      return results;
    },
  };
}

/** A session queue in memory that deduplicates as SQS does within its five minutes. */
interface MemorySessionQueue extends SessionQueue {
  /** The messages that exist: one for each deduplication id and group. */
  readonly messages: readonly (CoalescedJob & QueuedMessage)[];
  /** How often `send` was called, with equal jobs counted each time. */
  readonly sends: number;
  /** Makes every send that follows reject with `error`, until it is called without one. */
  failWith(error?: Error): void;
}

// SQS numbers have 20 digits and grow.
const FIRST_SEQUENCE_NUMBER = 18_000_000_000_000_000_000n;

export function createMemorySessionQueue(): MemorySessionQueue {
  const messages: (CoalescedJob & QueuedMessage)[] = [];
  let sends = 0;
  let failure: Error | undefined;

  return {
    messages,
    get sends() {
      return sends;
    },
    failWith(error) {
      failure = error;
    },
    async send(job) {
      sends += 1;
      if (failure) throw failure;
      const twin = messages.find(
        (other) => other.deduplicationId === job.deduplicationId && other.groupId === job.groupId,
      );
      if (twin) return toQueued(twin);

      const number = messages.length + 1;
      const message = {
        ...job,
        messageId: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
        sequenceNumber: String(FIRST_SEQUENCE_NUMBER + BigInt(number)),
      };
      messages.push(message);
      return toQueued(message);
    },
  };
}

function toQueued({ messageId, sequenceNumber }: QueuedMessage): QueuedMessage {
  return { messageId, sequenceNumber };
}

/** Telemetry that a test reads afterwards. */
export interface RecordingTelemetry extends Telemetry {
  readonly events: readonly TelemetryEvent[];
  /** The events of one name, oldest first. */
  named<Name extends TelemetryEventName>(name: Name): Extract<TelemetryEvent, { name: Name }>[];
}

export function createRecordingTelemetry(): RecordingTelemetry {
  const events: TelemetryEvent[] = [];

  return {
    events,
    emit(event) {
      events.push(event);
    },
    named<Name extends TelemetryEventName>(name: Name) {
      return events.filter((event): event is Extract<TelemetryEvent, { name: Name }> => event.name === name);
    },
  };
}
