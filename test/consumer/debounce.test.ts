import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import type { FetchMode } from '../../lib/ids.ts';
import { type CoalescedJob, toCoalescedJob } from '../../lib/queue/coalesce.ts';
import { encodeJob } from '../../lib/queue/job.ts';
import { aConversation, createBatchScene } from '../support/batch-scene.ts';
import { aMessage, aSession } from '../support/builders.ts';

const MARGIN_MS = 10_000;
const DELAY_MS = 70_000;
const DEDUPLICATED_FOR_MS = 300_000;
const BATCH_SIZE = 5;
const DEAD_AFTER_RECEIVES = 4;

interface Arrival {
  readonly afterMs: number;
  readonly mode: FetchMode;
  /** Of the webhook instance that takes it: within half the margin of the true time. */
  readonly skewMs: number;
  readonly coalesceSeconds: number;
  /** What becomes of the webhook's note. */
  readonly note: 'at once' | 'late' | 'lost';
}

const anArrival: fc.Arbitrary<Arrival> = fc.record({
  afterMs: fc.oneof(fc.nat(4000), fc.nat(40_000), fc.nat(400_000)),
  mode: fc.constantFrom('incremental', 'incremental', 'full'),
  skewMs: fc.constantFrom(0, 0, MARGIN_MS / 2, -MARGIN_MS / 2),
  coalesceSeconds: fc.constantFrom(60, 60, 60, 20, 200),
  note: fc.constantFrom('at once', 'at once', 'late', 'lost'),
});

interface Queued extends CoalescedJob {
  readonly messageId: string;
  readonly sequenceNumber: bigint;
  readonly sentMs: number;
  receives: number;
  visibleMs: number;
  isGone: boolean;
}

/** One session's queue, as SQS FIFO has it: twins are dropped, and nothing is handed out past a message that is hidden. */
function createQueue() {
  const messages: Queued[] = [];
  const send = (coalesced: CoalescedJob, nowMs: number): Queued => {
    const number = messages.length + 1;
    const message = {
      ...coalesced,
      messageId: `queued-${number}`,
      sequenceNumber: BigInt(number),
      ...{ sentMs: nowMs, receives: 0, visibleMs: nowMs + DELAY_MS, isGone: false },
    };
    messages.push(message);
    return message;
  };
  return {
    send(coalesced: CoalescedJob, nowMs: number): Queued {
      const { deduplicationId } = coalesced;
      const twin = messages.findLast((each) => each.deduplicationId === deduplicationId);
      return twin && nowMs - twin.sentMs < DEDUPLICATED_FOR_MS ? twin : send(coalesced, nowMs);
    },
    /** What is dead comes back at the end of the queue, as a message of its own. */
    redrive: ({ deduplicationId, ...dead }: Queued, nowMs: number) =>
      send({ ...dead, deduplicationId: `${deduplicationId}:again:${nowMs}` }, nowMs),
    waiting: () => messages.filter(({ isGone }) => !isGone),
    receive(nowMs: number): Queued[] {
      const waiting = messages.filter(({ isGone }) => !isGone);
      const hidden = waiting.findIndex(({ visibleMs }) => visibleMs > nowMs);
      return waiting.slice(0, hidden === -1 ? BATCH_SIZE : Math.min(hidden, BATCH_SIZE));
    },
  };
}

/** Lets the hooks arrive and the consumer work until nothing waits; `failures` says which of its fetches fail. */
async function play(arrivals: readonly Arrival[], failures: readonly boolean[]) {
  const fetches: number[] = [];
  const scene = createBatchScene({
    async refresh(session) {
      const startedMs = scene.clock.nowMs();
      if (failures[fetches.length + failed]) {
        failed += 1;
        throw new JobError('crisp_unavailable', { status: 503 });
      }
      fetches.push(startedMs);
      const starts = { started_ms: startedMs, full_started_ms: startedMs };
      const said = { version: 1, content_hash: 'sha256:x', announced: true, updated_at: null };
      const latest = { kind: 'conversation.enriched', ...said, ...starts } as const;
      scene.archived.latest = { latest, revision: 'r' };
      return { ...aConversation(), ...session };
    },
  });
  let failed = 0;
  const queue = createQueue();
  const events: number[] = [];
  const late: (() => Promise<void>)[] = [];

  for (const { afterMs, mode, skewMs, coalesceSeconds, note } of arrivals) {
    await workUntil(scene.clock.nowMs() + afterMs);
    const nowMs = scene.clock.nowMs();
    const window = { coalesceSeconds, marginSeconds: MARGIN_MS / 1000 };
    const { job, sequenceNumber } = queue.send(
      toCoalescedJob(aSession(), mode, nowMs + skewMs, window),
      nowMs,
    );
    events.push(nowMs);
    const write = () => scene.sessions.noteSent(aSession(), { ...job, sequenceNumber }, nowMs);
    if (note === 'at once') await write();
    if (note === 'late') late.push(write);
    else for (const older of late.splice(0)) await older();
  }
  while (queue.waiting().length > 0) await workUntil(scene.clock.nowMs() + 60_000);
  return { events, fetches, runs: scene.runLog.runs };

  async function workUntil(endMs: number): Promise<void> {
    while (scene.clock.nowMs() < endMs) {
      await scene.clock.advance(Math.min(1000, endMs - scene.clock.nowMs()));
      const nowMs = scene.clock.nowMs();
      const batch = queue.receive(nowMs);
      if (batch.length > 0) await work(batch, nowMs);
    }
  }

  async function work(batch: readonly Queued[], nowMs: number): Promise<void> {
    const received = batch.map((queued) => {
      queued.receives += 1;
      const { messageId, receives: receiveCount, sentMs, deduplicationId, sequenceNumber, job } = queued;
      const sqs = { receiveCount, sentMs, deduplicationId, sequenceNumber };
      return aMessage({ messageId, ...sqs, body: encodeJob(job) });
    });
    const outcomes = await scene.handle(received);
    for (const [place, queued] of batch.entries()) {
      const message = received[place];
      const isDone = outcomes.get(queued.messageId)?.outcome === 'acknowledged';
      const isDead = !isDone && queued.receives >= DEAD_AFTER_RECEIVES;
      queued.isGone = isDone || isDead;
      queued.visibleMs = nowMs + ((message && scene.hiddenFor(message)) ?? 0) * 1000;
      if (isDead) queue.redrive(queued, nowMs + 60_000);
    }
  }
}

test('every accepted event is followed by a fetch that starts after it', { timeout: 60_000 }, async () => {
  const spared = { covered: 0, superseded: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(anArrival, { minLength: 1, maxLength: 30 }),
      fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()), { maxLength: 8 }),
      async (arrivals, failures) => {
        const { events, fetches, runs } = await play(arrivals, failures);

        for (const atMs of events) expect(fetches.some((startedMs) => startedMs >= atMs)).toBe(true);
        const lastMs = Math.max(...events);
        expect(Math.max(...fetches)).toBeGreaterThanOrEqual(lastMs);
        spared.covered += runs.filter(({ outcome }) => outcome === 'covered').length;
        spared.superseded += runs.filter(({ outcome }) => outcome === 'superseded').length;
      },
    ),
    { numRuns: 150 },
  );
  // The rules were at work, and often.
  expect(spared.covered).toBeGreaterThan(5);
  expect(spared.superseded).toBeGreaterThan(5);
});
