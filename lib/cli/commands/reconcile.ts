import type { ReconcileReport } from '../../operate/reconcile.ts';
import { defineCommand, flag, type Options, value } from '../command.ts';
import { moment, readWebsite } from '../options.ts';
import { openProgress } from '../progress.ts';
import { toDoneShare, toExitCode, writeReports } from './reconcile-output.ts';

const OPTIONS = {
  since: moment('updated since then: a date, or a duration before now (default: since the sweep before)'),
  website: value({
    placeholder: 'ID',
    help: 'of this website alone (default: of all)',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  'dry-run': flag('only counts, and exits with 3 where something is missing'),
} satisfies Options;

export const command = defineCommand({
  options: OPTIONS,
  examples: ['reconcile --dry-run --since 7d --stage prod', 'reconcile --stage prod'],
  async run(context) {
    const { options, clock, config, signal, target } = context;
    const isDryRun = options['dry-run'];
    const [{ chooseWebsites, openReconciler }, { reconcileWindow, sweepWebsite }] = await Promise.all([
      import('../../operate/reconcile-stage.ts'),
      import('../../operate/reconcile.ts'),
    ]);
    const reconciler = await openReconciler({ ...target, config, clock });
    const reports: ReconcileReport[] = [];
    const progress = await openProgress(context, { what: 'conversations' });
    const onProgress = (report: ReconcileReport) =>
      progress.show({ done: report.inCrisp, share: toDoneShare(report) });
    try {
      for (const websiteId of await chooseWebsites(reconciler, options.website)) {
        if (signal.aborted) break;
        reports.push(
          options.since === undefined
            ? await sweepWebsite(reconciler.context, websiteId, { isDryRun, signal, onProgress })
            : await reconcileWindow(reconciler.context, {
                ...{ websiteId, fromMs: options.since, isDryRun, signal, onProgress },
              }),
        );
      }
      progress.end();
      await writeReports(context, reports, { calls: reconciler.countCalls(), isDryRun });
      return toExitCode(reports, { signal, isDryRun });
    } finally {
      progress.end();
      await reconciler.close();
    }
  },
});
