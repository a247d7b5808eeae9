import type { MoveTask } from '../../dead-letters/move-tasks.ts';
import { toSessionKey } from '../../ids.ts';
import type { CallsOfDay, Status } from '../../operate/status.ts';
import { toMoment, toPrintable, toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { formatDuration, formatRow, toSentence } from '../output.ts';

const COLUMNS = [20, 8, 9, 7];

export const command = defineCommand({
  options: {},
  examples: ['status', 'status --stage prod --region eu-west-1 --json'],
  async run({ isJson, output, clock, connect }) {
    const { stage, readQueues, readBreaker, readQuota, deadLetters, runHistory } = await connect();
    // They bring clients of AWS along, which the help has no use for.
    const { formatDeliveries } = await import('./breaker-output.ts');
    const { listUnread, readStatus, toStatusJson } = await import('../../operate/status.ts');
    const seen = await readStatus({
      ...{ readQueues, readBreaker, readQuota, clock },
      latestMoveTask: deadLetters.latestMoveTask,
      readRecentRuns: (limit) => runHistory.recent({ limit, nowMs: clock.nowMs() }),
    });
    const unread = listUnread(seen);
    if (isJson) {
      const json = {
        stage: stage.stage,
        region: stage.region,
        ...toStatusJson(seen),
      };
      await output.write(`${toVisibleJson(json, 2)}\n`);
    } else {
      await output.write(
        `stage ${stage.stage} in ${stage.region}\n\n${describe(seen, formatDeliveries(seen.breaker, clock.nowMs()), clock.nowMs())}`,
      );
      for (const { what, why } of unread) output.warn(`not read: ${what} (${toSentence(why, 300)})`);
    }
    return unread.length > 0 ? 3 : 0;
  },
});

function describe(
  { queues, breaker, redrive: { task }, quota, records }: Status,
  deliveries: string,
  nowMs: number,
): string {
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
    quota.day ? describeCalls(quota.day) : '',
    ...(records.newest.length > 0 ? ['last records:\n'] : []),
    ...records.newest.map(({ session, startedMs, durationMs }) => {
      const ago = formatDuration(nowMs - startedMs - durationMs);
      return `  ${session ? toSessionKey(session) : UNKNOWN}  ${ago} ago\n`;
    }),
  ].join('');
}

const UNKNOWN = 'unknown';

function toCount(count: number | undefined): string {
  return count === undefined ? UNKNOWN : String(count);
}

function describeCalls({ quota, used, left, spare, endsMs, isLearned, saved }: CallsOfDay): string {
  const of =
    left === null
      ? `${used} made, no budget`
      : `${used} of ${quota} used, ${left} left, ${spare} of them spare`;
  const { coalesced, covered, superseded, cached } = saved;
  return [
    `calls to Crisp today: ${of}; the next day begins ${toMoment(endsMs)} (${isLearned ? 'learned' : 'assumed'})`,
    `saved today: fetches ${coalesced} by coalescing, ${covered} by covering, ${superseded} by superseding; calls ${cached} by caching\n`,
  ].join('\n');
}

function describeTask({ status: state, moved, toMove, failureReason }: MoveTask): string {
  const reason = failureReason === undefined ? '' : ` (${toPrintable(failureReason)})`;
  return `${state}, ${moved}${toMove === undefined ? '' : ` of ${toMove}`} moved${reason}`;
}
