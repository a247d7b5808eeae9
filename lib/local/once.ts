import type { StageQueue } from '../aws/queues.ts';
import type { Clock } from '../clock.ts';
import type { RunTotals } from '../console/traffic.ts';
import { plural } from '../text.ts';
import type { SimulatedCrisp } from './crisp.ts';
import { createDemo, type DemoTotals } from './demo/demo.ts';
import { formatCallsLeft, formatSaving } from './lines.ts';
import type { CountersSnapshot } from './simulator/counters.ts';
import {
  type LocalMode,
  type QueueDepth,
  type QueueDepths,
  readQueueDepth,
  readQueueDepths,
} from './start.ts';
import type { Terminal } from './terminal.ts';

interface PlayOnceInput {
  readonly mode: LocalMode;
  readonly crisp: SimulatedCrisp;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

// A removal is confirmed after 15 s and a stale read is put off for up to a minute: beyond that something is stuck.
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 250;

/**
 * Plays the demo to its end, waits until the sessions queue is empty, and holds our counts against everybody else's: those of the
 * queues from what they held at the start, because kept data has older messages. */
export async function playOnce({ mode, crisp, clock, terminal }: PlayOnceInput): Promise<OnceReport> {
  const { simulator } = crisp;
  const demo = await createDemo({ simulator, clock }).playOnce();

  const { clients, resources } = mode.aws;
  await untilEmpty(() => readQueueDepth(clients.sqs, resources.queues.sessions), clock);

  return toOnceReport({
    demo,
    totals: terminal.traffic.totals(),
    crisp: simulator.counters.snapshot(),
    queues: await readQueueDepths(mode.aws),
    baseline: mode.baseline,
  });
}

async function untilEmpty(read: () => Promise<QueueDepth>, clock: Clock): Promise<void> {
  const deadlineMs = clock.nowMs() + PATIENCE_MS;
  while ((await read()).total > 0 && clock.nowMs() < deadlineMs) await clock.sleep(LOOK_EVERY_MS);
}

/** All that was counted in a run of the demo, each by its own witness. */
export interface OnceCounts {
  readonly demo: DemoTotals;
  /** By the pipeline's events. */
  readonly totals: RunTotals;
  /** By the simulator of Crisp. */
  readonly crisp: CountersSnapshot;
  /** What each queue holds, by the queues themselves. */
  readonly queues: QueueDepths;
  /** What they held at the start: kept data has older messages. Undefined: nothing. */
  readonly baseline: QueueDepths | undefined;
}

interface OnceReport {
  readonly text: string;
  /** True where every count equals its witness and nothing is left over. */
  readonly agrees: boolean;
}

interface Row {
  readonly what: string;
  readonly ours: number;
  readonly theirs: number;
  readonly witness: string;
}

/** The summary of `--once`: what we say we did, beside what the simulator and the queues say. */
export function toOnceReport(counts: OnceCounts): OnceReport {
  const rows = toRows(counts);
  const agrees = rows.every(({ ours, theirs }) => ours === theirs);
  const { demo, totals } = counts;
  const text = [
    `${plural(demo.conversations, 'conversation')}, ${plural(demo.events, 'event')} in ${Math.round(demo.durationMs / 1000)} s`,
    ...rows.map(formatRow),
    `  ${'coalescing saved'.padEnd(WHAT_WIDTH)} ${formatSaving(totals)}`,
    `  ${'calls on every event'.padEnd(WHAT_WIDTH)} ${totals.loopRequests}, as the official client would make them`,
    ...(totals.callsToday ? [`  ${'quota'.padEnd(WHAT_WIDTH)} ${formatCallsLeft(totals.callsToday)}`] : []),
    agrees ? 'All counts agree.' : 'Counts marked ✗ do not agree.',
  ].join('\n');
  return { text, agrees };
}

function toRows({ totals, crisp, queues, baseline }: OnceCounts): Row[] {
  const added = (key: StageQueue) => queues[key] - (baseline?.[key] ?? 0);
  const hooks = totals.hooksQueued + totals.hooksIgnored;
  const announced = totals.recordsEmitted + totals.removalsEmitted;
  return [
    { what: 'hooks acknowledged', ours: hooks, theirs: crisp.hooks.acknowledged, witness: 'simulator' },
    {
      what: 'hooks refused',
      ours: totals.hooksRefused,
      theirs: crisp.hooks.failedAttempts,
      witness: 'simulator',
    },
    {
      what: 'conversation fetches',
      ours: totals.conversationRequests,
      theirs: crisp.requests.byRoute['GET conversation'] ?? 0,
      witness: 'simulator',
    },
    {
      what: 'requests to Crisp',
      ours: totals.crispRequests,
      theirs: crisp.requests.total,
      witness: 'simulator',
    },
    { what: 'records announced', ours: announced, theirs: added('records'), witness: 'records queue' },
    { what: 'jobs left over', ours: 0, theirs: Math.max(0, added('sessions')), witness: 'sessions.fifo' },
    { what: 'dead letters', ours: 0, theirs: added('sessions-dlq'), witness: 'sessions-dlq.fifo' },
    {
      what: 'records undelivered',
      ours: 0,
      theirs: added('records-undelivered'),
      witness: 'records-undelivered',
    },
  ];
}

const WHAT_WIDTH = 22;

function formatRow({ what, ours, theirs, witness }: Row): string {
  const mark = ours === theirs ? '✓' : '✗';
  return `${mark} ${what.padEnd(WHAT_WIDTH)} ${String(ours).padStart(5)}   ${witness}: ${theirs}`;
}
