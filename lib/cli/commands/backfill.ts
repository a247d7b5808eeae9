import type { ReconcileReport } from '../../operate/reconcile.ts';
import type { Reconciler } from '../../operate/reconciler.ts';
import { type CommandContext, defineCommand, flag, type Options, toUsageError, value } from '../command.ts';
import { moment, readWebsite } from '../options.ts';
import { openProgress } from '../progress.ts';
import { toDoneShare, toExitCode, writeReports } from './reconcile-output.ts';

const OPTIONS = {
  since: moment('updated since then: a date, or a duration before now'),
  until: moment('updated by then (default: now)'),
  website: value({
    placeholder: 'ID',
    help: 'of this website alone (default: of all)',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  resume: flag('goes on where the newest backfill ended; instead of --since and --until'),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

export const command = defineCommand({
  options: OPTIONS,
  examples: ['backfill --since 30d --stage prod', 'backfill --resume --stage prod'],
  async run(context) {
    const { options, clock, commandLine, config, output, signal, target } = context;
    requireWindow(options);
    const { chooseWebsites, openReconciler } = await import('../../operate/reconcile-stage.ts');
    const reconciler = await openReconciler({ ...target, config, clock });
    const reports: ReconcileReport[] = [];
    try {
      for (const websiteId of await chooseWebsites(reconciler, options.website)) {
        if (signal.aborted) break;
        const report = await backfill(context, reconciler, websiteId);
        if (report) reports.push(report);
      }
      await writeReports(context, reports, { calls: reconciler.countCalls(), isDryRun: false });
      if (reports.some(({ ended }) => ended !== 'complete'))
        output.warn(`to go on: \`${commandLine('backfill --resume')}\``);
      return toExitCode(reports, { signal, isDryRun: false });
    } finally {
      await reconciler.close();
    }
  },
});

function requireWindow({ since, until, resume }: Context['options']): void {
  if (resume) {
    if (since === undefined && until === undefined) return;
    throw toUsageError('--resume has the window of the backfill before: leave out --since and --until');
  }
  if (since === undefined) throw toUsageError('say from when: --since 30d, or --resume');
  if (until !== undefined && until <= since) throw toUsageError('--until is not later than --since');
}

/** Undefined where there is nothing to resume. */
async function backfill(
  cli: Context,
  { context }: Reconciler,
  websiteId: ReconcileReport['websiteId'],
): Promise<ReconcileReport | undefined> {
  const { options, output, signal } = cli;
  const { backfillWebsite, findBackfill } = await import('../../operate/reconcile.ts');
  const window = options.resume
    ? await findBackfill(context, websiteId)
    : { fromMs: options.since ?? 0, toMs: options.until };
  if (window === undefined) {
    output.warn(`website ${websiteId}: no backfill is unfinished`);
    return undefined;
  }
  const progress = await openProgress(cli, { what: 'conversations' });
  try {
    return await backfillWebsite(context, {
      ...{ websiteId, ...window, signal },
      onProgress: (report) => progress.show({ done: report.inCrisp, share: toDoneShare(report) }),
    });
  } finally {
    progress.end();
  }
}
