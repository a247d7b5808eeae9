import { createRandom } from '../../lib/local/simulator/random.ts';
import { type Played, playPipeline } from './pipeline.ts';
import type { Goal, SuiteResult } from './report.ts';
import { type ChatEvent, drawTrace } from './trace.ts';

const MINUTE_MS = 60_000;
const FIRST: ChatEvent = { atMs: 0, chat: 0, kind: 'message' };
const LATER_MS = 20 * MINUTE_MS;

/** Requests to AWS of the consumer, by what came of a message; and what 1,000 chats of 30 events cost. */
export async function runAws({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  // Another chat just before, in the same instance: what it knows of the breaker is read every few seconds, for all sessions.
  const other = { ...FIRST, chat: 1, atMs: 5 * MINUTE_MS };
  const before = [FIRST, other, { ...other, atMs: LATER_MS - 1000 }];
  const once = countRequests(await play(before));
  const after = async (...events: ChatEvent[]) => countRequests(await play([...before, ...events])) - once;
  const changed = await after({ ...FIRST, atMs: LATER_MS });
  const unchanged = await after({ ...FIRST, atMs: LATER_MS, kind: 'nothing' });
  // Both modes in one bucket are two messages; the second one needs no fetch.
  const [nothing, edit] = [
    { ...FIRST, atMs: LATER_MS, kind: 'nothing' },
    { ...FIRST, atMs: LATER_MS, kind: 'edit' },
  ] as const;
  const superseded = (await after(nothing, { ...edit, atMs: LATER_MS + 1000 })) - (await after(edit));
  const covered = (await after(edit, { ...nothing, atMs: LATER_MS + 1000 })) - (await after(edit));

  const chats = isQuick ? 10 : 60;
  const played = await play(drawTrace(createRandom(7), { chats, spreadMs: chats * 36_000 }));
  const goal = (what: string, figure: number, bound: number): Goal => ({ id: 'P13', what, figure, bound });
  return {
    suite: 'aws',
    goals: [
      {
        ...goal('requests for a changed conversation', changed, 6),
        detail: 'one more where another instance wrote the version that an incremental fetch builds on',
      },
      goal('requests for an unchanged conversation', unchanged, 2),
      goal('requests for a covered message', covered, 2),
      {
        ...goal('$ for 1,000 chats of 30 events', (toDollars(played) * 1000) / chats, 0.25),
        detail: 'arithmetic: prices of us-east-1, a fetch assumed as 1 s at 1 GB',
      },
    ],
    rows: [
      { subject: 'superseded message', what: 'requests', value: superseded, unit: '' },
      ...[...played.aws]
        .filter(([name]) => !name.startsWith('probe'))
        .map(([name, count]) => ({
          subject: name,
          what: 'requests per chat',
          value: count / chats,
          unit: '',
        })),
    ],
  };
}

function play(trace: readonly ChatEvent[]): Promise<Played> {
  return playPipeline(trace, { history: 20 });
}

/** Of the consumer; secrets are read once in five minutes, whatever comes. */
function countRequests({ aws }: Played): number {
  return [...aws]
    .filter(([name]) => name.startsWith('consumer') && !name.includes('ssm:'))
    .reduce((sum, [, count]) => sum + count, 0);
}

// Per request, in $; a message of a queue is also received and deleted, by Lambda or by whoever reads records.
const PRICES: Readonly<Record<string, number>> = {
  's3:PutObject': 5e-6,
  's3:GetObject': 0.4e-6,
  'sns:Publish': 0.5e-6,
  'dynamodb:GetItem': 0.125e-6,
  'dynamodb:BatchGetItem': 0.125e-6,
  'dynamodb:PutItem': 0.625e-6,
  'dynamodb:UpdateItem': 0.625e-6,
  'dynamodb:Query': 0.125e-6,
  // A run with its session, and in the list of the day.
  'dynamodb:BatchWriteItem': 2 * 0.625e-6,
  'sqs:SendMessage': 0.5e-6,
  'sqs:ChangeMessageVisibility': 0.5e-6,
  'sqs:DeleteMessage': 0.5e-6,
};
const HOOK = 0.2e-6 + 0.01 * 13.3334e-6;
const RUN = 0.2e-6 + 1 * 13.3334e-6 + 2 * 0.5e-6;
const RUN_WITHOUT_FETCH = 0.2e-6 + 0.1 * 13.3334e-6 + 2 * 0.5e-6;
const RECORD = 3 * 0.4e-6 + 12e-6 * 13.2 * 0.023;
const LOGS_PER_GB = 0.5;

function toDollars({ aws, outcomes }: Played): number {
  const requests = [...aws]
    .filter(([name]) => !name.startsWith('probe'))
    .reduce((sum, [name, count]) => sum + count * (PRICES[name.split(' ')[1] ?? ''] ?? 0), 0);
  const of = (name: string) => outcomes.get(name) ?? 0;
  const [hooks, runs, records] = [of('session-enqueued'), of('job-acknowledged'), of('record-emitted')];
  const skipped = of('job-covered') + of('job-superseded') + of('job-deferred');
  const logs = (hooks * 1.2e-6 + runs * 3e-6) * LOGS_PER_GB;
  return requests + hooks * HOOK + runs * RUN + skipped * RUN_WITHOUT_FETCH + records * RECORD + logs;
}
