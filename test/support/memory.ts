import type { FailureNotes } from '../../lib/ledger/failure-notes.ts';
import { createDynamoFailureNotes } from '../../lib/ledger/failure-notes.ts';
import { createDynamoMessageNotes, type MessageNotes } from '../../lib/ledger/message-notes.ts';
import { createDynamoRunHistory, createDynamoRunLog, type Run, type RunLog } from '../../lib/ledger/runs.ts';
import { createDynamoSessionNotes, type SessionNotes } from '../../lib/ledger/session-notes.ts';
import type { CoalescedJob } from '../../lib/queue/coalesce.ts';
import type { QueuedMessage, SendResult, SessionBatches } from '../../lib/queue/sessions-queue.ts';
import { createS3RecordArchive } from '../../lib/record/archive.ts';
import type { ClaimCheck, EnrichedRecord, RemovedRecord } from '../../lib/record/schema.ts';
import type { Notice, RecordTopic } from '../../lib/record/topic.ts';
import type { Telemetry, TelemetryEvent, TelemetryEventName } from '../../lib/telemetry/events.ts';
import { clipReason } from '../../lib/text.ts';
import { createFakeLedger, createFakeS3Client, type FakeLedger } from './aws.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** The notes about messages, in a ledger of their own. */
export function createMemoryMessageNotes(): MessageNotes & FailureNotes {
  const ledger = createFakeLedger();
  const clock = createVirtualClock();
  return { ...createDynamoMessageNotes(ledger), ...createDynamoFailureNotes({ ...ledger, clock }) };
}

/** The archive in memory; `objects`: every object's JSON text by its key, `records/…` and `latest/…`. */
export function createMemoryRecordArchive() {
  const { client, objects } = createFakeS3Client();
  return { ...createS3RecordArchive({ client, bucket: 'memory-archive' }), objects };
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

/** The run log in a ledger of its own; `runs`: all of them, in the order in which they were recorded. */
export function createMemoryRunLog() {
  const ledger = createFakeLedger();
  const log = createDynamoRunLog(ledger);
  const runs: Run[] = [];
  return {
    ...createDynamoRunHistory(ledger),
    // Of any day: tests live at moments of their own.
    recent: async ({ limit }: { limit: number }) =>
      runs.toSorted((a, b) => b.startedMs - a.startedMs).slice(0, limit),
    ledger,
    runs,
    async record(...[recorded, person]: Parameters<RunLog['record']>): Promise<void> {
      for (const { reason, ...run } of recorded)
        runs.push({ ...run, ...(reason !== undefined && { reason: clipReason(reason) }) });
      await log.record(recorded, person);
    },
  };
}

/** The notes about sessions in memory, beside the runs of a log. */
export function createMemorySessionNotes({ ledger }: { readonly ledger: FakeLedger }): SessionNotes {
  return createDynamoSessionNotes(ledger);
}

/** The sessions queue in memory, for many jobs at once. */
export function createMemorySessionBatches() {
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
    /** What the queue took, twins included. */
    sent,
    /** Makes the queue refuse a session from now on. */
    refuse: (sessionId: string) => void refused.add(sessionId),
    /** What happens to each that the queue took, before the sender hears of it. */
    onSent(next: typeof happen) {
      happen = next;
    },
    async sendAll(jobs: Parameters<SessionBatches['sendAll']>[0]) {
      const results: SendResult[] = [];
      for (const job of jobs) results.push(await send(job));
      return results;
    },
  };
}

// SQS numbers have 20 digits and grow.
const FIRST_SEQUENCE_NUMBER = 18_000_000_000_000_000_000n;

/** A session queue in memory that deduplicates as SQS does within its five minutes. */
export function createMemorySessionQueue() {
  const messages: (CoalescedJob & QueuedMessage)[] = [];
  let sends = 0;
  let failure: Error | undefined;

  return {
    /** The messages that exist: one for each deduplication id and group. */
    messages,
    /** How often `send` was called, with equal jobs counted each time. */
    get sends() {
      return sends;
    },
    /** Makes every send that follows reject with `error`, until it is called without one. */
    failWith(error?: Error) {
      failure = error;
    },
    async send(job: CoalescedJob) {
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
