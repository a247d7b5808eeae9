import type { Run } from '../../core/run/run.ts';
import { toMoment } from '../../core/text/to-moment.ts';
import { toPrintable } from '../../core/text/to-printable.ts';
import { formatRow } from './format-row.ts';
import { toSentence } from './to-sentence.ts';

const COLUMNS = [20, 9, 7, 8, 5, 8];

export const RUN_HEAD = formatRow(
  ['STARTED', 'OUTCOME', 'ATTEMPT', 'RECEIVES', 'CALLS', 'TOOK', 'WHY'],
  COLUMNS,
);

/** A run as a row of the log. */
export function formatRun(run: Run): string {
  return formatRow(
    [
      toMoment(run.startedMs) ?? '-',
      run.outcome,
      String(run.attempt),
      String(run.receiveCount),
      String(run.apiCalls),
      `${run.durationMs} ms`,
      toReason(run),
    ],
    COLUMNS,
  );
}

function toReason({ code, reason, stage, status, delaySeconds }: Run): string {
  const parts = [
    code && toPrintable(code),
    stage && `in ${stage}`,
    status !== undefined && `HTTP ${status}`,
    delaySeconds !== undefined && `again in ${delaySeconds} s`,
    reason && `(${toSentence(reason)})`,
  ];
  return parts.filter(Boolean).join(' ');
}
