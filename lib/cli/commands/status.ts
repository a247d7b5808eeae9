import type { NamedQueue } from '../../aws/queues.ts';
import type { BreakerView } from '../../breaker/pause.ts';
import type { MoveTask } from '../../dead-letters/move-tasks.ts';
import { OperationError } from '../../errors.ts';
import { toMoment, toPrintable, toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { formatDuration, formatRow, toSentence } from '../output.ts';

const COLUMNS = [20, 8, 9, 7];

export const command = defineCommand({
  options: {},
  examples: ['status', 'status --stage prod --region eu-west-1 --json'],
  async run({ isJson, output, clock, connect }) {
    const { stage, readQueues, readBreaker, deadLetters } = await connect();
    const [queues, breaker, redrive] = await Promise.all([
      readQueues(),
      readBreaker(),
      deadLetters.latestMoveTask().then(
        (task) => ({ task, problem: undefined }),
        (thrown: unknown) => ({ task: undefined, problem: toReason(thrown) }),
      ),
    ]);
    const seen: Status = { queues, breaker, redrive };
    // It brings a client of AWS along, which the help has no use for.
    const { formatDeliveries, toOpeningJson } = await import('./breaker-output.ts');
    const unread = listUnread(seen);
    if (isJson) {
      const json = {
        stage: stage.stage,
        region: stage.region,
        ...toJson(seen, toOpeningJson(breaker)),
        not_read: unread.map(({ what, why }) => ({ what, reason: why })),
      };
      await output.write(`${toVisibleJson(json, 2)}\n`);
    } else {
      await output.write(
        `stage ${stage.stage} in ${stage.region}\n\n${describe(seen, formatDeliveries(breaker, clock.nowMs()))}`,
      );
      for (const { what, why } of unread) output.warn(`not read: ${what} (${toSentence(why, 300)})`);
    }
    return unread.length > 0 ? 3 : 0;
  },
});

interface Status {
  readonly queues: readonly NamedQueue[];
  readonly breaker: BreakerView;
  readonly redrive: { readonly task: MoveTask | undefined; readonly problem: string | undefined };
}

function toReason(thrown: unknown): string {
  return thrown instanceof OperationError ? thrown.message : 'unexpected';
}

/** What could not be had; the rest is shown all the same. */
function listUnread({ queues, breaker, redrive }: Status): { readonly what: string; readonly why: string }[] {
  return [
    ...queues.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [{ what: `queue ${name}`, why: problem }],
    ),
    ...breaker.problems.map((problem) => ({ what: 'deliveries', why: problem })),
    ...(redrive.problem === undefined ? [] : [{ what: 'newest redrive', why: redrive.problem }]),
  ];
}

function describe({ queues, breaker, redrive: { task } }: Status, deliveries: string): string {
  const rows = queues.map(({ name, description }) =>
    formatRow(
      [
        name,
        ...[description?.visible, description?.inFlight, description?.delayed].map(toCount),
        description?.retentionSeconds === undefined
          ? UNKNOWN
          : formatDuration(description.retentionSeconds * 1000),
      ],
      COLUMNS,
    ),
  );
  const { pause } = breaker;
  return [
    formatRow(['QUEUE', 'VISIBLE', 'IN FLIGHT', 'DELAYED', 'KEEPS FOR'], COLUMNS),
    ...rows,
    `\ndeliveries: ${deliveries}`,
    pause ? `paused since ${toMoment(pause.sinceMs)}: ${toSentence(pause.reason, 200)}\n` : '',
    task ? `newest redrive: ${describeTask(task)}\n` : '',
  ].join('');
}

const UNKNOWN = 'unknown';

function toCount(count: number | undefined): string {
  return count === undefined ? UNKNOWN : String(count);
}

function describeTask({ status: state, moved, toMove, failureReason }: MoveTask): string {
  const reason = failureReason === undefined ? '' : ` (${toPrintable(failureReason)})`;
  return `${state}, ${moved}${toMove === undefined ? '' : ` of ${toMove}`} moved${reason}`;
}

function toJson({ queues, breaker, redrive: { task } }: Status, opening: object | null) {
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
      opening,
      pause: pause ? { since: toMoment(pause.sinceMs) ?? null, reason: pause.reason } : null,
      not_read: problems,
    },
    redrive: task ? { status: task.status, moved: task.moved, to_move: task.toMove ?? null } : null,
  };
}
