import { measureCommand, startFullQueue } from './full-queue.ts';
import { median, runSubject } from './measure.ts';
import type { SuiteResult } from './report.ts';

const FEW = 1000;
const MOST_GROWTH_MIB = 64;

/** What grows with the work, and how: CPU of a record by its messages, memory of a list by its dead letters. */
export async function runGrowth({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const many = isQuick ? 2000 : 3000;
  // CPU of one process, memory of another: neither minds the other.
  const [cpu, peaks] = await Promise.all([measureRecords(isQuick ? 1 : 2), measureDeadLetters([FEW, many])]);
  const growth = (peaks[1] ?? Number.NaN) - (peaks[0] ?? Number.NaN);
  return {
    suite: 'growth',
    goals: [
      {
        id: 'P12',
        what: 'CPU of a message in a record, 10,000 ÷ 1,000',
        figure: cpu.large / cpu.middle,
        bound: 1.1,
      },
      {
        id: 'P12',
        what: `MiB more for ${many} than for ${FEW} dead letters`,
        figure: growth,
        bound: MOST_GROWTH_MIB,
      },
    ],
    rows: [
      { subject: 'record of 10 messages', what: 'CPU of a message', value: cpu.small, unit: 'µs' },
      { subject: 'record of 1,000 messages', what: 'CPU of a message', value: cpu.middle, unit: 'µs' },
      { subject: 'record of 10,000 messages', what: 'CPU of a message', value: cpu.large, unit: 'µs' },
    ],
  };
}

async function measureRecords(turns: number) {
  const figures: Record<string, number[]> = { '10': [], '1000': [], '10000': [] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [messages, found] of Object.entries(figures)) {
      const { cpuUs } = await runSubject<{ cpuUs: number }>('record.ts', { messages: Number(messages) });
      found.push(cpuUs / Number(messages));
    }
  }
  const of = (messages: string) => median(figures[messages] ?? []);
  return { small: of('10'), middle: of('1000'), large: of('10000') };
}

/** The most memory that `dlq list` holds, for each of these numbers of dead letters. */
async function measureDeadLetters(counts: readonly number[]): Promise<number[]> {
  const queue = await startFullQueue();
  const peaks: number[] = [];
  let filled = 0;
  for (const count of counts) {
    await queue.add(count - filled);
    filled = count;
    const { peakMib } = await measureCommand(['dlq', 'list', '--json', '--rows', '0'], queue.url);
    peaks.push(peakMib);
  }
  await queue.stop();
  return peaks;
}
