import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import type { RecordArchive } from '../../../lib/ports/record-archive.ts';
import { createAnnounceRecord } from '../../../lib/use-cases/announce/announce-record.ts';
import { createAnnounceRemoval } from '../../../lib/use-cases/announce/announce-removal.ts';
import { aFetchedConversation, FETCH_STARTED_MS } from '../../support/a-fetched-conversation.ts';
import { aSession } from '../../support/builders.ts';
import { createMemoryRecordArchive } from '../../support/memory-record-archive.ts';
import { createMemoryRecordTopic } from '../../support/memory-record-topic.ts';
import { createRecordingTelemetry } from '../../support/recording-telemetry.ts';

const FULL = { mode: 'full', absorbed: 0 } as const;
const AHEAD_MS = FETCH_STARTED_MS + 3_600_000;

/** Announcements into an archive of which the test may replace methods. */
function setUp() {
  const archive = createMemoryRecordArchive();
  const topic = createMemoryRecordTopic();
  const failing: Partial<RecordArchive> = {};
  const deps = {
    archive: new Proxy(archive, {
      get: (target, name) => Reflect.get(failing, name) ?? Reflect.get(target, name),
    }),
    topic,
    telemetry: createRecordingTelemetry(),
    inlineLimitBytes: 200_000,
  };
  return {
    archive,
    topic,
    failing,
    announceRecord: createAnnounceRecord(deps),
    announceRemoval: createAnnounceRemoval(deps),
  };
}

type Scene = ReturnType<typeof setUp>;

/** A fetch, some ms after the first one, of a conversation that has changed each time. */
function aFetch(laterMs: number) {
  return aFetchedConversation({
    startedMs: FETCH_STARTED_MS + laterMs,
    conversation: { topic: `after ${laterMs} ms` },
  });
}

/** `latest` as a clock that ran an hour ahead has left it. */
async function announceAhead({ announceRecord }: Scene) {
  await announceRecord(aFetchedConversation({ startedMs: AHEAD_MS }), FULL);
}

/** Announces a change, and dies between the record and its `latest`. */
async function leaveOrphan({ failing, announceRecord }: Scene, laterMs: number) {
  failing.putLatest = () => Promise.reject(new JobError('archive_failed'));
  await expect(announceRecord(aFetch(laterMs), FULL)).rejects.toMatchObject({ code: 'archive_failed' });
  delete failing.putLatest;
}

describe('versions that run ahead of the clock', () => {
  test('a version that an earlier try archived but could not name is passed over', async () => {
    const scene = setUp();
    await announceAhead(scene);
    await leaveOrphan(scene, 1_000);

    const result = await scene.announceRecord(aFetch(2_000), FULL);

    expect(result).toEqual({ outcome: 'emitted', version: AHEAD_MS + 2 });
    expect(scene.topic.records.at(-1)).toMatchObject({ version: AHEAD_MS + 2, topic: 'after 2000 ms' });
    expect((await scene.archive.getLatest(aSession()))?.latest).toMatchObject({
      version: AHEAD_MS + 2,
      announced: true,
    });
  });

  test('so are as many as the receives of a message can leave behind', async () => {
    const scene = setUp();
    await announceAhead(scene);
    for (let receive = 1; receive <= 19; receive += 1) await leaveOrphan(scene, receive * 1_000);

    const result = await scene.announceRecord(aFetch(60_000), FULL);

    expect(result).toMatchObject({ outcome: 'emitted', version: AHEAD_MS + 20 });
  });

  test('a removal passes over them, too', async () => {
    const scene = setUp();
    await announceAhead(scene);
    await leaveOrphan(scene, 1_000);

    const options = { reason: 'not_found', startedMs: FETCH_STARTED_MS + 2_000 };
    const result = await scene.announceRemoval(aSession(), options);

    expect(result).toEqual({ outcome: 'removed', version: AHEAD_MS + 2 });
  });

  test('what was archived stays as it was', async () => {
    const scene = setUp();
    await announceAhead(scene);
    await leaveOrphan(scene, 1_000);
    const orphan = await scene.archive.getRecord(aSession(), AHEAD_MS + 1);

    await scene.announceRecord(aFetch(2_000), FULL);

    expect(await scene.archive.getRecord(aSession(), AHEAD_MS + 1)).toBe(orphan);
  });

  test('the search for a free one ends: an archive that refuses every version refuses the record', async () => {
    const scene = setUp();
    let tried = 0;
    scene.failing.putRecord = async () => {
      tried += 1;
      throw new JobError('record_superseded');
    };

    await expect(scene.announceRecord(aFetch(0), FULL)).rejects.toMatchObject({ code: 'record_superseded' });
    expect(tried).toBeLessThanOrEqual(25);
  });
});
