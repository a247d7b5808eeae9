import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import type { RecordArchive } from '../../../lib/ports/record-archive.ts';
import {
  type AnnounceRecord,
  createAnnounceRecord,
} from '../../../lib/use-cases/announce/announce-record.ts';
import { aFetchedConversation } from '../../support/a-fetched-conversation.ts';
import { aSession } from '../../support/builders.ts';
import { createMemoryRecordArchive } from '../../support/memory-record-archive.ts';
import { createMemoryRecordTopic } from '../../support/memory-record-topic.ts';
import { createRecordingTelemetry } from '../../support/recording-telemetry.ts';

const aSchedule = [fc.scheduler(), fc.integer({ min: 2, max: 4 })] as const;

describe('however the runs of one session interleave', () => {
  test('a higher version never has older content, and the newest is told', async () => {
    await fc.assert(
      fc.asyncProperty(...aSchedule, async (scheduler, runs) => {
        const { told, reads } = await tell(scheduler, runs, (read) => String(read));

        expect(told.map(Number)).toEqual(told.map(Number).toSorted((one, other) => one - other));
        expect(told.at(-1)).toBe(String(reads));
      }),
    );
  });

  test('the newest is told, too, where the content goes back and forth', async () => {
    await fc.assert(
      fc.asyncProperty(...aSchedule, async (scheduler, runs) => {
        const { told, reads } = await tell(scheduler, runs, (read) => String(read % 2));

        expect(told.at(-1)).toBe(String(reads % 2));
      }),
    );
  });
});

/** Lets several runs refresh one session at once; returns the contents that were told, by version. */
async function tell(scheduler: fc.Scheduler, runs: number, toContent: (read: number) => string) {
  const archive = inTurns(scheduler, createMemoryRecordArchive());
  const topic = createMemoryRecordTopic();
  const telemetry = createRecordingTelemetry();
  const inTurn = inTurns(scheduler, topic);
  const announceRecord = createAnnounceRecord({
    archive,
    topic: inTurn,
    telemetry,
    inlineLimitBytes: 200_000,
  });
  const crisp = createCrisp(toContent);

  const all = Array.from({ length: runs }, () => refresh(inTurns(scheduler, crisp), archive, announceRecord));
  await scheduler.waitFor(Promise.all(all));

  const byVersion = topic.records.toSorted((one, other) => one.version - other.version);
  return { told: byVersion.map((record) => Reflect.get(record, 'topic')), reads: crisp.reads };
}

/** A conversation that has changed each time it is read, and a clock that moves with each look. */
function createCrisp(toContent: (read: number) => string) {
  let reads = 0;
  let nowMs = 1_790_856_000_000;
  return {
    get reads() {
      return reads;
    },
    now: async () => ++nowMs,
    read: async () => toContent(++reads),
  };
}

// As a message is delivered: again, with a new fetch, until it succeeds.
async function refresh(
  crisp: ReturnType<typeof createCrisp>,
  archive: RecordArchive,
  announceRecord: AnnounceRecord,
): Promise<void> {
  for (let isDone = false; !isDone; ) {
    const replaces = (await archive.getLatest(aSession())) ?? null;
    const startedMs = await crisp.now();
    const topic = await crisp.read();
    const fetched = aFetchedConversation({ startedMs, conversation: { topic, updated_at: startedMs } });
    isDone = await announceRecord(fetched, { mode: 'full', absorbed: 0, replaces }).then(
      () => true,
      isOvertaken,
    );
  }
}

function isOvertaken(thrown: unknown): false {
  if (thrown instanceof JobError && thrown.code === 'record_superseded') return false;
  throw thrown;
}

/** Every call of the port waits for its turn, before its effect and after it. */
function inTurns<Port extends object>(scheduler: fc.Scheduler, port: Port): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve());
        const result: unknown = await member.apply(target, args);
        await scheduler.schedule(Promise.resolve());
        return result;
      };
    },
  });
}
