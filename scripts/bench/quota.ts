import { createRandom } from '../../lib/local/simulator/random.ts';
import { playBuckets, playEveryEvent } from './anchors.ts';
import { playPipeline } from './pipeline.ts';
import type { SuiteResult } from './report.ts';
import { drawTrace } from './trace.ts';

// The default quota of a plugin's token, which is the pipeline's own default too.
const QUOTA = 5000;
const CHATS = 1000;
const WORKING_DAY_MS = 10 * 3_600_000;
const QUICK_SHARE = 20;

/** One day of chats against the daily quota: of how many the last event is in a record before the quota is spent. */
export async function runQuota({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const share = isQuick ? QUICK_SHARE : 1;
  const [chats, dailyQuota] = [CHATS / share, QUOTA / share];
  const trace = drawTrace(createRandom(11), { chats, spreadMs: WORKING_DAY_MS });
  const ours = await playPipeline(trace, { history: 0, dailyQuota });
  const buckets = await playBuckets(trace, { history: 0, dailyQuota });
  const loop = await playEveryEvent(trace, { history: 0, dailyQuota });
  const row = (subject: string, value: number) => {
    return { subject, what: `chats complete, ${dailyQuota} calls`, value, unit: `of ${chats}` };
  };
  return {
    suite: 'quota',
    goals: isQuick
      ? []
      : [{ id: 'P8', what: 'requests refused after the quota is spent', figure: ours.refused, bound: 0 }],
    rows: [
      row('official SDK on every event', loop.complete),
      row('60 s bucket, full fetch', buckets.complete),
      row('crisp-enrich', ours.complete),
    ],
  };
}
