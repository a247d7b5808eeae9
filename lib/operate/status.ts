import type { NamedQueue } from '../aws/queues.ts';
import type { BreakerView } from '../breaker/pause.ts';
import type { Clock } from '../clock.ts';
import type { MoveTask } from '../dead-letters/move-tasks.ts';
import { OperationError, toJobError } from '../errors.ts';
import { toOpenedFor } from '../ledger/breaker-notes.ts';
import { countSpareCalls, type QuotaDay } from '../ledger/quota-notes.ts';
import type { Run } from '../ledger/runs.ts';
import { toMoment } from '../text.ts';

/** How a stage stands at the moment. */
export interface Status {
  readonly queues: readonly NamedQueue[];
  readonly breaker: BreakerView;
  readonly redrive: { readonly task: MoveTask | undefined; readonly problem: string | undefined };
  /** The day's calls to Crisp; undefined where none was counted. */
  readonly quota: { readonly day: CallsOfDay | undefined; readonly problem: string | undefined };
  /** The newest that were announced, newest first. */
  readonly records: { readonly newest: readonly Run[]; readonly problem: string | undefined };
}

export interface CallsOfDay extends QuotaDay {
  /** Null without a budget, as is `spare`. */
  readonly left: number | null;
  readonly spare: number | null;
}

interface StatusSources {
  readonly readQueues: () => Promise<readonly NamedQueue[]>;
  readonly readBreaker: () => Promise<BreakerView>;
  readonly latestMoveTask: () => Promise<MoveTask | undefined>;
  readonly readQuota: () => Promise<QuotaDay | undefined>;
  /** Of all sessions, newest first. */
  readonly readRecentRuns: (limit: number) => Promise<readonly Run[]>;
  readonly clock: Clock;
}

// Of so many runs the newest records are looked for.
const RECENT_RUNS = 50;
const NEWEST_RECORDS = 3;

/** Reads how a stage stands. What cannot be read is named; rejects where no queue can. */
export async function readStatus({
  readQueues,
  readBreaker,
  latestMoveTask,
  readQuota,
  readRecentRuns,
  clock,
}: StatusSources): Promise<Status> {
  const [queues, breaker, redrive, quota, records] = await Promise.all([
    readQueues(),
    readBreaker(),
    latestMoveTask().then(
      (task) => ({ task, problem: undefined }),
      (thrown: unknown) => ({ task: undefined, problem: toReason(thrown) }),
    ),
    readQuota().then(
      (day) => ({ day: day && toCallsOfDay(day, clock.nowMs()), problem: undefined }),
      (thrown: unknown) => ({ day: undefined, problem: toJobError(thrown).reason }),
    ),
    readRecentRuns(RECENT_RUNS).then(
      (runs) => ({ newest: toNewestRecords(runs), problem: undefined }),
      (thrown: unknown) => ({ newest: [], problem: toJobError(thrown).reason }),
    ),
  ]);
  return { queues, breaker, redrive, quota, records };
}

/** One of each session: its messages share a record. */
function toNewestRecords(runs: readonly Run[]): readonly Run[] {
  const announced = runs.filter(({ outcome, session }) => outcome === 'emitted' && session !== undefined);
  const bySession = new Map(announced.toReversed().map((run) => [run.session?.sessionId, run]));
  return [...bySession.values()].sort((a, b) => b.startedMs - a.startedMs).slice(0, NEWEST_RECORDS);
}

function toCallsOfDay(day: QuotaDay, nowMs: number): CallsOfDay {
  const { quota, used } = day;
  if (quota === 0) return { ...day, left: null, spare: null };
  return {
    ...day,
    used: Math.min(used, quota),
    left: Math.max(0, quota - used),
    spare: countSpareCalls(day, nowMs),
  };
}

function toReason(thrown: unknown): string {
  return thrown instanceof OperationError ? thrown.message : 'unexpected';
}

/** What could not be had; the rest is shown all the same. */
export function listUnread({
  queues,
  breaker,
  redrive,
  quota,
  records,
}: Status): { readonly what: string; readonly why: string }[] {
  return [
    ...queues.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [{ what: `queue ${name}`, why: problem }],
    ),
    ...breaker.problems.map((problem) => ({ what: 'deliveries', why: problem })),
    ...(redrive.problem === undefined ? [] : [{ what: 'newest redrive', why: redrive.problem }]),
    ...(quota.problem === undefined ? [] : [{ what: 'calls of the day', why: quota.problem }]),
    ...(records.problem === undefined ? [] : [{ what: 'newest records', why: records.problem }]),
  ];
}

/** A status as programs read it. */
export function toStatusJson(status: Status) {
  const {
    queues,
    breaker,
    redrive: { task },
    quota: { day },
  } = status;
  const { deliveries, isOpen, pause, problems } = breaker;
  return {
    queues: queues.map(({ name, description }) => ({
      name,
      visible: description?.visible ?? null,
      in_flight: description?.inFlight ?? null,
      delayed: description?.delayed ?? null,
      retention_seconds: description?.retentionSeconds ?? null,
    })),
    deliveries,
    breaker: {
      is_open: isOpen,
      opening: toOpeningJson(breaker),
      pause: pause ? { since: toMoment(pause.sinceMs) ?? null, reason: pause.reason } : null,
      not_read: problems,
    },
    redrive: task ? { status: task.status, moved: task.moved, to_move: task.toMove ?? null } : null,
    quota: day
      ? {
          per_day: day.quota,
          used: day.used,
          left: day.left,
          spare: day.spare,
          next_day_at: toMoment(day.endsMs) ?? null,
          is_reset_learned: day.isLearned,
          saved: day.saved,
        }
      : null,
    last_records: status.records.newest.map(({ session, startedMs, durationMs }) => ({
      website_id: session?.websiteId ?? null,
      session_id: session?.sessionId ?? null,
      announced_at: toMoment(startedMs + durationMs) ?? null,
    })),
    not_read: listUnread(status).map(({ what, why }) => ({ what, reason: why })),
  };
}

/** The newest opening of the breaker as programs read it. */
export function toOpeningJson({ opening }: BreakerView) {
  if (!opening) return null;
  const session = toOpenedFor(opening);
  return {
    code: opening.code,
    route: opening.route ?? null,
    website_id: session?.websiteId ?? null,
    session_id: session?.sessionId ?? null,
    opened_at: toMoment(opening.openedMs) ?? null,
    hold_off_seconds: opening.holdOffSeconds,
    next_probe_at: toMoment(opening.nextProbeMs) ?? null,
    closed_at: toMoment(opening.closing?.closedMs) ?? null,
    was_false_alarm: opening.closing?.wasFalseAlarm ?? null,
  };
}
