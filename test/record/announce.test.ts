import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import { createAnnounceRecord, createAnnounceRemoval } from '../../lib/record/announce.ts';
import type { RecordArchive } from '../../lib/record/archive.ts';
import { removedRecordSchema } from '../../lib/record/schema.ts';
import { escapeBody } from '../../lib/record/topic.ts';
import { aFetchedConversation, aSession, FETCH_STARTED_MS, OTHER_WEBSITE_ID } from '../support/builders.ts';
import {
  createMemoryRecordArchive,
  createMemoryRecordTopic,
  createRecordingTelemetry,
} from '../support/memory.ts';
import { createCrashSchedule } from '../support/virtual-clock.ts';

const FULL = { mode: 'full', absorbed: 0 } as const;

/** Announcements into an archive and a topic of which the test may replace methods. */
function setUp({ inlineLimitBytes = 200_000 } = {}) {
  const memory = createMemoryRecordArchive();
  const topic = createMemoryRecordTopic();
  const telemetry = createRecordingTelemetry();
  const failing: Partial<RecordArchive> = {};
  const archive = new Proxy(memory, {
    get: (target, name) => Reflect.get(failing, name) ?? Reflect.get(target, name),
  });
  const deps = { archive, topic, telemetry, inlineLimitBytes };
  return {
    ...{ archive, topic, telemetry, failing },
    announceRecord: createAnnounceRecord(deps),
    announceRemoval: createAnnounceRemoval(deps),
    latest: async () => (await memory.getLatest(aSession()))?.latest,
    topics: () => topic.records.map((record) => Reflect.get(record, 'topic')),
  };
}

const aChange = (startedMs = FETCH_STARTED_MS, topic = 'changed') =>
  aFetchedConversation({ startedMs, conversation: { topic } });

describe('announcing a record', () => {
  test('archives it, announces it, and says so in latest', async () => {
    const { archive, topic, latest, announceRecord } = setUp();

    const result = await announceRecord(aFetchedConversation(), FULL);

    const [record] = topic.records;
    expect(result).toEqual({ outcome: 'emitted', version: FETCH_STARTED_MS });
    expect(await archive.getRecord(aSession(), FETCH_STARTED_MS)).toBe(escapeBody(record ?? {}));
    expect(await latest()).toEqual({
      kind: 'conversation.enriched',
      version: FETCH_STARTED_MS,
      content_hash: Reflect.get(record ?? {}, 'content_hash'),
      announced: true,
      updated_at: 1_790_856_000_000,
      started_ms: FETCH_STARTED_MS,
      full_started_ms: FETCH_STARTED_MS,
      absorbed: 0,
      people_id: 'c5a2f70c-f605-4648-b47f-8c39d4b03a50',
    });
  });

  test('a record counts the messages without a fetch of all records before it', async () => {
    const { topic, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), { mode: 'full', absorbed: 3 });

    const resolved = aFetchedConversation({ conversation: { state: 'resolved' } });
    await announceRecord(resolved, { mode: 'full', absorbed: 2 });

    expect(topic.records).toMatchObject([{ enrichment: { absorbed: 3 } }, { enrichment: { absorbed: 5 } }]);
  });

  test('latest tells when the newest fetch began, and the newest full one', async () => {
    const { latest, announceRecord } = setUp();
    const starts = { started_ms: 2000, full_started_ms: 1000 };
    await announceRecord(aFetchedConversation({ startedMs: 1000 }), FULL);
    await announceRecord(aChange(2000), { mode: 'incremental', absorbed: 0 });
    expect(await latest()).toMatchObject(starts);

    const stale = { state: 'pending', preview_message: { fingerprint: 4711 } };
    await announceRecord(aFetchedConversation({ startedMs: 3000, conversation: stale }), FULL);
    expect(await latest()).toMatchObject(starts);
  });

  test('latest counts no fetch whose record was perhaps not announced', async () => {
    const { archive, latest, announceRecord } = setUp();
    await announceRecord(aFetchedConversation({ startedMs: 1 }), FULL);
    const { latest: before, revision } = (await archive.getLatest(aSession())) ?? {};
    if (before) await archive.putLatest(aSession(), { ...before, announced: false }, revision);

    await announceRecord(aFetchedConversation({ startedMs: 2 }), { mode: 'incremental', absorbed: 0 });

    expect(await latest()).toMatchObject({ version: 2, announced: true, started_ms: 2 });
    expect(await latest()).not.toHaveProperty('full_started_ms');
  });

  test('content that was announced last is not announced again', async () => {
    const { archive, topic, telemetry, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    const before = new Map(archive.objects);

    const again = aFetchedConversation({ startedMs: FETCH_STARTED_MS + 1, apiCalls: 9 });
    const result = await announceRecord(again, { mode: 'incremental', absorbed: 4 });

    expect(result).toEqual({ outcome: 'unchanged', version: FETCH_STARTED_MS });
    expect(topic.notices).toHaveLength(1);
    expect(archive.objects).toEqual(before);
    expect(telemetry.named('record-unchanged')).toHaveLength(1);
  });

  test("of a fetch that changed nothing but Crisp's updated_at, latest alone learns", async () => {
    const { latest, topic, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    const before = await latest();

    const result = await announceRecord(aFetchedConversation({ conversation: { updated_at: 2_000 } }), FULL);

    expect(result).toEqual({ outcome: 'unchanged', version: FETCH_STARTED_MS });
    expect(topic.notices).toHaveLength(1);
    expect(await latest()).toEqual({ ...before, updated_at: 2_000 });
  });

  test.each([
    ['content that changed', FETCH_STARTED_MS],
    ['content by a clock that runs behind', 1000],
  ])('%s is announced with a higher version', async (_, startedMs) => {
    const { topic, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    await announceRecord(aChange(startedMs), FULL);
    expect(topic.records.map(({ version }) => version)).toEqual([FETCH_STARTED_MS, FETCH_STARTED_MS + 1]);
  });

  test('content that went away and came back is announced again', async () => {
    const { topics, announceRecord } = setUp();
    const told = ['first', 'second', 'first'];
    for (const topic of told) await announceRecord(aChange(FETCH_STARTED_MS, topic), FULL);
    expect(topics()).toEqual(told);
  });

  test('content that may not have been announced is announced, as a new version with the same hash', async () => {
    const { archive, topic, telemetry, announceRecord } = setUp();
    const dyingTopic = createCrashSchedule([{ call: 1, when: 'before' }]).wrap(topic);
    const deps = { archive, topic: dyingTopic, telemetry, inlineLimitBytes: 200_000 };
    await expect(createAnnounceRecord(deps)(aFetchedConversation(), FULL)).rejects.toThrow();
    const left = await archive.getLatest(aSession());

    const result = await announceRecord(aFetchedConversation({ startedMs: FETCH_STARTED_MS + 500 }), FULL);

    expect(left?.latest.announced).toBe(false);
    expect(result).toEqual({ outcome: 'emitted', version: FETCH_STARTED_MS + 500 });
    expect(topic.records).toMatchObject([
      { version: FETCH_STARTED_MS + 500, content_hash: left?.latest.content_hash },
    ]);
  });

  test('a run that was overtaken while it fetched is refused, and announces nothing', async () => {
    const { archive, topics, latest, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    const seenBeforeFetch = await archive.getLatest(aSession());
    await announceRecord(aChange(FETCH_STARTED_MS + 9), FULL);

    const older = aChange(FETCH_STARTED_MS + 5, 'older');
    for (const replaces of [seenBeforeFetch ?? null, null])
      await expect(announceRecord(older, { ...FULL, replaces })).rejects.toMatchObject({
        code: 'record_superseded',
      });
    expect(topics()).not.toContain('older');
    expect((await latest())?.version).toBe(FETCH_STARTED_MS + 9);
  });

  test('a large record travels as a claim check that leads to it', async () => {
    const { archive, topic, telemetry, announceRecord } = setUp({ inlineLimitBytes: 1_000 });

    await announceRecord(aFetchedConversation(), FULL);

    const text = await archive.getRecord(aSession(), FETCH_STARTED_MS);
    const bytes = Buffer.byteLength(text ?? '');
    const sha256 = createHash('sha256')
      .update(text ?? '')
      .digest('hex');
    const key = `records/${aSession().websiteId}/session_a/${FETCH_STARTED_MS}.json`;
    expect(topic.records).toMatchObject([{ claim_check: { key, bytes, sha256 } }]);
    expect(telemetry.named('record-emitted')).toMatchObject([{ claimCheck: true, bytes }]);
  });

  test('says what it did in ids and numbers, without a word of the conversation', async () => {
    const { telemetry, announceRecord } = setUp();

    await announceRecord(aFetchedConversation(), FULL);
    await announceRecord(aFetchedConversation(), FULL);

    const { websiteId, sessionId } = aSession();
    const version = FETCH_STARTED_MS;
    const bytes = expect.any(Number);
    const ids = { websiteId, sessionId, version };
    expect(telemetry.events).toEqual([
      { name: 'record-emitted', ...ids, kind: 'conversation.enriched', bytes, claimCheck: false },
      { name: 'record-unchanged', ...ids },
    ]);
  });
});

describe('announcing a removal', () => {
  const REMOVED_MS = FETCH_STARTED_MS + 60_000;
  const GONE = { reason: 'not_found', startedMs: REMOVED_MS };

  test('tells subscribers ids, version and reason, nothing else', async () => {
    const { latest, topic, announceRecord, announceRemoval } = setUp();
    await announceRecord(aFetchedConversation(), FULL);

    const result = await announceRemoval(aSession(), GONE);

    const { websiteId, sessionId } = aSession();
    const removal = topic.records[1];
    expect(result).toEqual({ outcome: 'removed', version: REMOVED_MS });
    expect(removal).toEqual({
      schema: 'crisp-enrich/conversation/v1',
      kind: 'conversation.removed',
      website_id: websiteId,
      session_id: sessionId,
      version: REMOVED_MS,
      reason: 'not_found',
    });
    expect(removedRecordSchema.safeParse(removal).error).toBeUndefined();
    const told = { kind: 'conversation.removed', version: REMOVED_MS, announced: true };
    expect(await latest()).toMatchObject(told);
  });

  test('latest names the person of a conversation, also once it is removed, and nobody of an anonymous visitor’s', async () => {
    const { latest, announceRecord, announceRemoval } = setUp();
    const personOf = async () => (await latest())?.people_id;
    await announceRecord(aFetchedConversation(), FULL);
    await announceRemoval(aSession(), { reason: 'conversation_missing', startedMs: FETCH_STARTED_MS + 1 });

    expect(await personOf()).toBe('c5a2f70c-f605-4648-b47f-8c39d4b03a50');
    const { conversation, ...anonymous } = aFetchedConversation();
    const { people_id, ...rest } = conversation;
    await announceRecord({ ...anonymous, conversation: rest, startedMs: FETCH_STARTED_MS + 2 }, FULL);
    expect(await personOf()).toBeUndefined();
    expect(people_id).toBeDefined();
  });

  test('happens once', async () => {
    const { topic, telemetry, announceRecord, announceRemoval } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    await announceRemoval(aSession(), GONE);

    const result = await announceRemoval(aSession(), { ...GONE, startedMs: REMOVED_MS + 1 });

    expect(result).toEqual({ outcome: 'already-removed', version: REMOVED_MS });
    expect(topic.notices).toHaveLength(2);
    expect(telemetry.named('record-unchanged')).toMatchObject([{ version: REMOVED_MS }]);
  });

  test('never passes for newer than a record that was announced after the look', async () => {
    const { archive, topic, announceRecord, announceRemoval } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    const replaces = await archive.getLatest(aSession());
    await announceRecord(aFetchedConversation({ conversation: { state: 'resolved' } }), FULL);

    const removal = announceRemoval(aSession(), { ...GONE, replaces: replaces ?? null });

    await expect(removal).rejects.toMatchObject({ code: 'record_superseded' });
    expect(topic.notices).toHaveLength(2);
    expect((await archive.getLatest(aSession()))?.latest.kind).toBe('conversation.enriched');
  });

  test('of a session that was never seen concerns nobody', async () => {
    const { archive, topic, announceRecord, announceRemoval } = setUp();
    await announceRecord(aFetchedConversation(aSession('session_a', OTHER_WEBSITE_ID)), FULL);

    expect(await announceRemoval(aSession(), GONE)).toEqual({ outcome: 'never-seen' });
    expect(topic.notices).toHaveLength(1);
    expect(await archive.getLatest(aSession())).toBeUndefined();
  });

  test('is followed by a higher version if the conversation comes back, though its content is the old one; and can be repeated', async () => {
    const { topic, announceRecord, announceRemoval } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    await announceRemoval(aSession(), GONE);

    const back = await announceRecord(aFetchedConversation(), FULL);
    expect(back).toEqual({ outcome: 'emitted', version: REMOVED_MS + 1 });
    const again = await announceRemoval(aSession(), { ...GONE, startedMs: REMOVED_MS + 5_000 });
    expect(again).toEqual({ outcome: 'removed', version: REMOVED_MS + 5_000 });
    const kinds = topic.records.map(({ kind }) => kind.replace('conversation.', ''));
    expect(kinds).toEqual(['enriched', 'removed', 'enriched', 'removed']);
  });
});

describe('versions that run ahead of the clock', () => {
  const AHEAD_MS = FETCH_STARTED_MS + 3_600_000;

  type Scene = ReturnType<typeof setUp>;

  /** A fetch, some ms after the first one, of a conversation that has changed each time. */
  const aFetch = (laterMs: number) => aChange(FETCH_STARTED_MS + laterMs, `after ${laterMs} ms`);

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

  test.each([1, 19])(
    '%d versions that earlier tries archived but could not name are passed over, and stay as they were',
    async (tries) => {
      const scene = setUp();
      await announceAhead(scene);
      for (let receive = 1; receive <= tries; receive += 1) await leaveOrphan(scene, receive * 1_000);
      const orphan = await scene.archive.getRecord(aSession(), AHEAD_MS + 1);
      const version = AHEAD_MS + tries + 1;

      expect(await scene.announceRecord(aFetch(60_000), FULL)).toEqual({ outcome: 'emitted', version });
      expect(scene.topic.records.at(-1)).toMatchObject({ version, topic: 'after 60000 ms' });
      expect(await scene.latest()).toMatchObject({ version, announced: true });
      expect(orphan).toBeDefined();
      expect(await scene.archive.getRecord(aSession(), AHEAD_MS + 1)).toBe(orphan);
    },
  );

  test('a removal passes over them, too', async () => {
    const scene = setUp();
    await announceAhead(scene);
    await leaveOrphan(scene, 1_000);

    const options = { reason: 'not_found', startedMs: FETCH_STARTED_MS + 2_000 };
    const result = await scene.announceRemoval(aSession(), options);

    expect(result).toEqual({ outcome: 'removed', version: AHEAD_MS + 2 });
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
