import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import {
  type AnnounceRecord,
  createAnnounceRecord,
  createAnnounceRemoval,
} from '../../lib/record/announce.ts';
import type { RecordArchive } from '../../lib/record/archive.ts';
import { aFetchedConversation, aSession } from '../support/builders.ts';
import {
  createMemoryRecordArchive,
  createMemoryRecordTopic,
  createRecordingTelemetry,
  type MemoryRecordTopic,
} from '../support/memory.ts';
import { type CrashPoint, createCrashSchedule, InjectedCrash } from '../support/virtual-clock.ts';

describe('announcements survive a crash at any call of a port', async () => {
  // The life of one session: what Crisp holds at each delivery. A repeated content needs no announcement of its own.
  const STORY = ['first', 'second', 'second', 'gone', 'gone', 'second', 'third'];
  const TOLD = ['first', 'second', 'gone', 'second', 'third'];

  /** Delivers each content until its delivery succeeds, as SQS does; each time the content is fetched anew, later. */
  async function tell(story: readonly string[], crashes: readonly CrashPoint[] = []) {
    const schedule = createCrashSchedule(crashes);
    const archive = createMemoryRecordArchive();
    const topic = createMemoryRecordTopic();
    const deps = {
      archive: schedule.wrap(archive),
      topic: schedule.wrap(topic),
      telemetry: createRecordingTelemetry(),
      inlineLimitBytes: 200_000,
    };
    const announceRecord = createAnnounceRecord(deps);
    const announceRemoval = createAnnounceRemoval(deps);
    let startedMs = 1_790_856_000_000;

    for (const content of story) {
      for (let isDone = false; !isDone; ) {
        startedMs += 1_000;
        isDone = await survives(async () => {
          if (content === 'gone') await announceRemoval(aSession(), { reason: 'not_found', startedMs });
          else await announceRecord(aFetch(content, startedMs), { mode: 'full', absorbed: 0 });
        });
        const latest = (await archive.getLatest(aSession()))?.latest;
        if (latest?.announced) expect(versionsOf(topic)).toContain(latest.version);
        if (isDone) expect(latest?.announced).toBe(true);
      }
    }

    expect(versionsOf(topic)).toEqual(versionsOf(topic).toSorted((a, b) => a - b));
    return { told: toContents(topic), published: topic.notices.length, calls: schedule.calls };
  }

  async function survives(run: () => Promise<void>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (thrown) {
      if (thrown instanceof InjectedCrash) return false;
      throw thrown;
    }
  }

  function aFetch(content: string, startedMs: number) {
    return aFetchedConversation({ startedMs, conversation: { topic: content, updated_at: startedMs } });
  }

  function versionsOf({ records }: MemoryRecordTopic): number[] {
    return records.map(({ version }) => version);
  }

  // What a subscriber learns that knows a duplicate by its content.
  function toContents({ records }: MemoryRecordTopic): unknown[] {
    const contents = records.map((record) =>
      record.kind === 'conversation.removed' ? 'gone' : Reflect.get(record, 'topic'),
    );
    return contents.filter((content, index) => content !== contents[index - 1]);
  }

  const untroubled = await tell(STORY);

  test('without a crash each new content is announced once', () => {
    expect(untroubled.told).toEqual(TOLD);
    expect(untroubled.published).toBe(TOLD.length);
  });

  const calls = Array.from({ length: untroubled.calls }, (_, index) => index + 1);
  const points = calls.flatMap((call): CrashPoint[] => [
    { call, when: 'before' },
    { call, when: 'after' },
  ]);

  test.each(points)('$when call $call: the same contents are announced, in the same order', async (point) => {
    const { told, published } = await tell(STORY, [point]);
    expect(told).toEqual(TOLD);
    expect(published).toBeLessThanOrEqual(TOLD.length + 1);
  });

  test('any number of crashes loses, invents and reorders nothing', async () => {
    const point = fc.record({
      call: fc.integer({ min: 1, max: 80 }),
      when: fc.constantFrom('before', 'after'),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(point, { maxLength: 40 }), async (crashes) => {
        expect((await tell(STORY, crashes)).told).toEqual(TOLD);
      }),
    );
  });
});

describe('however the runs of one session interleave', () => {
  const aSchedule = [fc.scheduler(), fc.integer({ min: 2, max: 4 })] as const;

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

    const all = Array.from({ length: runs }, () =>
      refresh(inTurns(scheduler, crisp), archive, announceRecord),
    );
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
