import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAnnounceRecord } from '../../../lib/use-cases/announce/announce-record.ts';
import { createAnnounceRemoval } from '../../../lib/use-cases/announce/announce-removal.ts';
import { aFetchedConversation } from '../../support/a-fetched-conversation.ts';
import { aSession } from '../../support/builders.ts';
import { type CrashPoint, createCrashSchedule, InjectedCrash } from '../../support/crash-schedule.ts';
import { createMemoryRecordArchive } from '../../support/memory-record-archive.ts';
import { createMemoryRecordTopic, type MemoryRecordTopic } from '../../support/memory-record-topic.ts';
import { createRecordingTelemetry } from '../../support/recording-telemetry.ts';

// The life of one session: what Crisp holds at each delivery. A repeated content needs no announcement of its own.
const STORY = ['first', 'second', 'second', 'gone', 'gone', 'second', 'third'];
const TOLD = ['first', 'second', 'gone', 'second', 'third'];

describe('announcements survive a crash at any call of a port', async () => {
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
