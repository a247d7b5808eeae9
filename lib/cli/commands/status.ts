import { toMoment } from '../../core/text/to-moment.ts';
import { toPrintable } from '../../core/text/to-printable.ts';
import { toVisibleJson } from '../../core/text/to-visible.ts';
import type { MoveTask } from '../../ports/move-tasks.ts';
import type { BreakerView } from '../../use-cases/breaker/read-breaker.ts';
import type { NamedQueue } from '../../use-cases/read-queues.ts';
import { defineCommand } from '../command.ts';
import { formatDuration } from '../text/format-duration.ts';
import { formatDeliveries, toOpeningJson } from '../text/format-opening.ts';
import { formatRow } from '../text/format-row.ts';
import { toSentence } from '../text/to-sentence.ts';

const COLUMNS = [20, 8, 9, 7];

export const status = defineCommand({
  name: 'status',
  summary: 'how full the queues are, and whether deliveries are held',
  options: {},
  async run({ isJson, output, clock, connect }) {
    const { stage, readQueues, readBreaker, deadLetters } = await connect();
    const [queues, breaker, task] = await Promise.all([
      readQueues(),
      readBreaker(),
      deadLetters.latestMoveTask(),
    ]);
    if (isJson) {
      const json = { stage: stage.stage, region: stage.region, ...toJson({ queues, breaker, task }) };
      await output.write(`${toVisibleJson(json, 2)}\n`);
      return 0;
    }
    const head = `stage ${stage.stage} in ${stage.region}\n\n`;
    const seen = stage.consumer ? breaker : withoutTap(breaker);
    await output.write(head + describe({ queues, breaker: seen, task }, clock.nowMs()));
    return 0;
  },
});

interface Status {
  readonly queues: readonly NamedQueue[];
  readonly breaker: BreakerView;
  readonly task: MoveTask | undefined;
}

function describe({ queues, breaker, task }: Status, nowMs: number): string {
  const rows = queues.map(({ name, visible, inFlight, delayed, retentionSeconds }) =>
    formatRow(
      [name, String(visible), String(inFlight), String(delayed), formatDuration(retentionSeconds * 1000)],
      COLUMNS,
    ),
  );
  const { pause, problems } = breaker;
  return [
    formatRow(['QUEUE', 'VISIBLE', 'IN FLIGHT', 'DELAYED', 'KEEPS FOR'], COLUMNS),
    ...rows,
    `\ndeliveries: ${formatDeliveries(breaker, nowMs)}`,
    pause ? `paused since ${toMoment(pause.sinceMs)}: ${toSentence(pause.reason, 200)}\n` : '',
    task ? `newest redrive: ${describeTask(task)}\n` : '',
    problems.length > 0 ? `not read: ${problems.join(', ')}\n` : '',
  ].join('');
}

/** Local mode's tap is in its own process, which shows each turn of it: nothing is wrong with not knowing it here. */
function withoutTap({ problems, ...breaker }: BreakerView): BreakerView {
  return { ...breaker, problems: problems.filter((problem) => !problem.startsWith('switch_failed')) };
}

function describeTask({ status: state, moved, toMove, failureReason }: MoveTask): string {
  const reason = failureReason === undefined ? '' : ` (${toPrintable(failureReason)})`;
  return `${state}, ${moved}${toMove === undefined ? '' : ` of ${toMove}`} moved${reason}`;
}

function toJson({ queues, breaker, task }: Status) {
  const { deliveries, isOpen, pause, problems } = breaker;
  return {
    queues: queues.map(({ name, visible, inFlight, delayed, retentionSeconds }) => ({
      name,
      visible,
      in_flight: inFlight,
      delayed,
      retention_seconds: retentionSeconds,
    })),
    deliveries,
    breaker: {
      is_open: isOpen,
      opening: toOpeningJson(breaker),
      pause: pause ? { since: toMoment(pause.sinceMs) ?? null, reason: pause.reason } : null,
      not_read: problems,
    },
    redrive: task ? { status: task.status, moved: task.moved, to_move: task.toMove ?? null } : null,
  };
}
