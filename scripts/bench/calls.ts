import { createRandom } from '../../lib/local/simulator/random.ts';
import { playBuckets, playEveryEvent } from './anchors.ts';
import { median } from './measure.ts';
import { playPipeline } from './pipeline.ts';
import type { Row, SuiteResult } from './report.ts';
import { drawTrace } from './trace.ts';

const VARIANTS = [
  { name: 'no history', history: 0, bound: 8.5 },
  { name: '80 messages before', history: 80, bound: 12.5 },
] as const;

/** Calls to Crisp for the same chats: the pipeline, the official client on every event, and full fetches by buckets. */
export async function runCalls({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const results = [];
  for (const { name, history, bound } of VARIANTS) {
    const chats = isQuick ? 10 : 60;
    const few = isQuick ? 2 : 10;
    const trace = drawTrace(createRandom(7), { chats, spreadMs: chats * 36_000 });
    const short = drawTrace(createRandom(7), { chats: few, spreadMs: few * 36_000 });
    const ours = await playPipeline(trace, { history });
    const loop = (await playEveryEvent(short, { history })).calls / few;
    const buckets = (await playBuckets(trace, { history })).calls / chats;
    const figure = ours.calls / chats;
    const row = (subject: string, value: number): Row => ({ subject, what: name, value, unit: 'calls' });
    results.push({
      goals: [
        {
          id: 'P1',
          what: `calls per chat of 30 events, ${name}`,
          figure,
          bound,
          detail: `${(loop / figure).toFixed(1)} times fewer than the SDK's loop, ${(buckets / figure).toFixed(1)} than buckets`,
        },
      ],
      rows: [
        row('official SDK on every event', loop),
        row('60 s bucket, full fetch', buckets),
        row('crisp-enrich', figure),
        {
          subject: 'crisp-enrich',
          what: 'last event to record, median',
          value: median(ours.delaysMs) / 1000,
          unit: 's',
        },
      ],
    });
  }
  return {
    suite: 'calls',
    goals: results.flatMap(({ goals }) => goals),
    rows: results.flatMap(({ rows }) => rows),
  };
}
