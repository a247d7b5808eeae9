import type { ReconcileCounts, ReconcileReport } from '../../operate/reconcile.ts';
import { plural, toMoment, toVisibleJson } from '../../text.ts';
import type { CommandContext, ExitCode } from '../command.ts';
import { formatRow } from '../output.ts';

const ROWS: readonly (readonly [keyof ReconcileCounts, string])[] = [
  ['inCrisp', 'in Crisp'],
  ['current', 'current'],
  ['missing', 'missing'],
  ['deadLettered', 'in the DLQ'],
  ['unknown', 'unknown'],
  ['enqueued', 'enqueued'],
];

/** Shows what became of each website's window. */
export async function writeReports(
  { isJson, output }: Pick<CommandContext, 'isJson' | 'output'>,
  reports: readonly ReconcileReport[],
  { calls, isDryRun }: { readonly calls: number; readonly isDryRun: boolean },
): Promise<void> {
  if (isJson) {
    const json = { dry_run: isDryRun, calls, websites: reports.map(toJson) };
    return output.write(`${toVisibleJson(json, 2)}\n`);
  }
  for (const report of reports) {
    const { websiteId, fromMs, toMs, reachedMs, ended } = report;
    await output.write(`website ${websiteId}, updated from ${toMoment(fromMs)} to ${toMoment(toMs)}:\n`);
    for (const [name, title] of ROWS)
      if (!isDryRun || name !== 'enqueued')
        await output.write(formatRow([`  ${title}`, String(report[name])], [14]));
    if (ended !== 'complete') output.warn(`not done before ${toMoment(reachedMs)}: ${REASONS[ended]}`);
  }
  await output.write(`${plural(calls, 'request')} to Crisp.${isDryRun ? ' Nothing was enqueued.' : ''}\n`);
}

const REASONS: Readonly<Record<Exclude<ReconcileReport['ended'], 'complete'>, string>> = {
  budget: 'live events need the calls that are left today (quota_spare_spent); run it again later',
  interrupted: 'interrupted',
  failed: 'not all could be listed and enqueued; run it again',
};

function toJson(report: ReconcileReport) {
  const { inCrisp, current, missing, deadLettered, unknown, enqueued, ended } = report;
  return {
    website_id: report.websiteId,
    from: toMoment(report.fromMs),
    to: toMoment(report.toMs),
    reached: toMoment(report.reachedMs),
    ...{ in_crisp: inCrisp, current, missing, in_dlq: deadLettered, unknown, enqueued, ended },
  };
}

/** How much of a window is done, from 0 to 1: it is walked from its end. */
export function toDoneShare({ fromMs, toMs, reachedMs }: ReconcileReport): number {
  return (toMs - reachedMs) / (toMs - fromMs);
}

/** 3 where a window is not done, or a dry run found something missing. */
export function toExitCode(
  reports: readonly ReconcileReport[],
  { signal, isDryRun }: { readonly signal: AbortSignal; readonly isDryRun: boolean },
): ExitCode {
  if (signal.aborted) return 130;
  const isDone = reports.every(({ ended, missing }) => ended === 'complete' && !(isDryRun && missing > 0));
  return isDone ? 0 : 3;
}
