import type { Clock } from '../ports/clock.ts';
import { createDemo } from './demo/create-demo.ts';
import { type QueueDepth, readQueueDepth, readQueueDepths } from './queue-depth.ts';
import type { LocalMode } from './start-local-mode.ts';
import type { SimulatedCrisp } from './start-simulated-crisp.ts';
import { type OnceReport, toOnceReport } from './terminal/once-report.ts';
import type { Terminal } from './terminal/open-terminal.ts';

export interface PlayOnceInput {
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
    totals: terminal.totals(),
    crisp: simulator.counters.snapshot(),
    queues: await readQueueDepths(mode.aws),
    baseline: mode.baseline,
  });
}

async function untilEmpty(read: () => Promise<QueueDepth>, clock: Clock): Promise<void> {
  const deadlineMs = clock.nowMs() + PATIENCE_MS;
  while ((await read()).total > 0 && clock.nowMs() < deadlineMs) await clock.sleep(LOOK_EVERY_MS);
}
