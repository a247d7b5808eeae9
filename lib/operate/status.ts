import type { NamedQueue } from '../aws/queues.ts';
import type { BreakerView } from '../breaker/pause.ts';
import type { MoveTask } from '../dead-letters/move-tasks.ts';
import { OperationError } from '../errors.ts';
import { toOpenedFor } from '../ledger/breaker-notes.ts';
import { toMoment } from '../text.ts';

/** How a stage stands at the moment. */
export interface Status {
  readonly queues: readonly NamedQueue[];
  readonly breaker: BreakerView;
  readonly redrive: { readonly task: MoveTask | undefined; readonly problem: string | undefined };
}

interface StatusSources {
  readonly readQueues: () => Promise<readonly NamedQueue[]>;
  readonly readBreaker: () => Promise<BreakerView>;
  readonly latestMoveTask: () => Promise<MoveTask | undefined>;
}

/** Reads how a stage stands. What cannot be read is named; rejects where no queue can. */
export async function readStatus({
  readQueues,
  readBreaker,
  latestMoveTask,
}: StatusSources): Promise<Status> {
  const [queues, breaker, redrive] = await Promise.all([
    readQueues(),
    readBreaker(),
    latestMoveTask().then(
      (task) => ({ task, problem: undefined }),
      (thrown: unknown) => ({ task: undefined, problem: toReason(thrown) }),
    ),
  ]);
  return { queues, breaker, redrive };
}

function toReason(thrown: unknown): string {
  return thrown instanceof OperationError ? thrown.message : 'unexpected';
}

/** What could not be had; the rest is shown all the same. */
export function listUnread({
  queues,
  breaker,
  redrive,
}: Status): { readonly what: string; readonly why: string }[] {
  return [
    ...queues.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [{ what: `queue ${name}`, why: problem }],
    ),
    ...breaker.problems.map((problem) => ({ what: 'deliveries', why: problem })),
    ...(redrive.problem === undefined ? [] : [{ what: 'newest redrive', why: redrive.problem }]),
  ];
}

/** A status as programs read it. */
export function toStatusJson(status: Status) {
  const {
    queues,
    breaker,
    redrive: { task },
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
