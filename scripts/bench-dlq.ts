import { measureCommand, startFullQueue } from './bench/full-queue.ts';

// `npm run bench:dlq`: how much memory `dlq list` takes for a small and for a large dead-letter queue, in a process of its
// own before the embedded SQS in this one. About a minute.
const FEW = 1000;
const MANY = 50_000;
const MOST_GROWTH_MIB = 64;

const queue = await startFullQueue();
const peaks: number[] = [];
for (const count of [FEW, MANY - FEW]) {
  await queue.add(count);
  const { stdout, seconds, peakMib } = await measureCommand(
    ['dlq', 'list', '--json', '--rows', '0'],
    queue.url,
  );
  const { matched, groups } = JSON.parse(stdout);
  const what = `${String(matched).padStart(6)} dead letters listed and grouped into ${groups.length} codes`;
  console.log(`${what}: ${peakMib.toFixed(1)} MiB resident, ${seconds.toFixed(1)} s`);
  peaks.push(peakMib);
}
await queue.stop();

const growth = (peaks[1] ?? 0) - (peaks[0] ?? 0);
console.log(`growth ${growth.toFixed(1)} MiB (at most ${MOST_GROWTH_MIB})`);
process.exitCode = growth <= MOST_GROWTH_MIB ? 0 : 1;
