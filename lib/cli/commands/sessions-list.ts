import { toDeadLetterJson } from '../../dead-letters/dead-letter.ts';
import { isWholeLook } from '../../dead-letters/unseen.ts';
import { toLookJson } from '../../operate/json.ts';
import { plural, toPrintable } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { DEFAULT_ROWS, FILTER_OPTIONS, ROWS_OPTION } from '../options.ts';
import { formatDuration, formatRow } from '../output.ts';
import { createListJson, describeLook } from './dlq-output.ts';

const COLUMNS = [44, 11, 8, 10];

export const command = defineCommand({
  options: {
    website: FILTER_OPTIONS.website,
    max: FILTER_OPTIONS.max,
    rows: ROWS_OPTION,
  },
  examples: ['sessions list --stage prod', 'sessions list --json --stage prod'],
  async run({ options, isJson, output, signal, clock, connect }) {
    const { listWaiting } = await connect();
    const { rows = isJson ? Number.POSITIVE_INFINITY : DEFAULT_ROWS, max, website: websiteId } = options;
    const json = createListJson(output, 'sessions');
    let shown = 0;
    const list = await listWaiting({
      filter: { websiteId },
      max,
      signal,
      async onLetter(waiting) {
        if (shown === rows) return;
        shown += 1;
        if (isJson) return json.add(toWaitingJson(waiting));
        if (shown === 1)
          await output.write(formatRow(['SESSION', 'MODE', 'WAITS', 'EXPIRES IN', 'PUT OFF FOR'], COLUMNS));
        const { sessionId, mode, deadSinceMs, expiresMs, lastFailedMs, reason } = waiting;
        await output.write(
          formatRow(
            [
              sessionId ?? '-',
              mode ?? '-',
              formatDuration(deadSinceMs === undefined ? undefined : clock.nowMs() - deadSinceMs),
              formatDuration(expiresMs === undefined ? undefined : expiresMs - clock.nowMs()),
              lastFailedMs === undefined ? '' : toPrintable(reason.code),
            ],
            COLUMNS,
          ),
        );
      },
    });
    if (isJson) await json.end({ matched: list.matched, ...toLookJson(list) });
    else {
      const more = list.matched - shown;
      if (more > 0) await output.write(`… and ${more} more (--rows N shows them)\n`);
      await output.write(
        list.matched === 0 ? 'No waiting session could be seen.\n' : `${plural(list.matched, 'message')}.\n`,
      );
      for (const sentence of describeLook(list)) output.warn(sentence);
    }
    return signal.aborted ? 130 : isWholeLook(list) ? 0 : 3;
  },
});

/** A waiting message as programs read it: what a dead letter has, under the names that are true of it. */
export function toWaitingJson(waiting: Parameters<typeof toDeadLetterJson>[0]) {
  const { dead_since, code, reason, hint, failed_in, http_status, ...rest } = toDeadLetterJson(waiting);
  // Without a failure there is no reason yet.
  const failed =
    waiting.lastFailedMs === undefined ? undefined : { code, reason, hint, failed_in, http_status };
  return { ...rest, queued_at: dead_since, failure: failed ?? null };
}
