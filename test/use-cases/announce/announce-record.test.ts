import { describe, expect, test } from 'vitest';
import { escapeBody } from '../../../lib/core/record/escape-body.ts';
import { createAnnounceRecord } from '../../../lib/use-cases/announce/announce-record.ts';
import { aFetchedConversation, FETCH_STARTED_MS } from '../../support/a-fetched-conversation.ts';
import { aSession } from '../../support/builders.ts';
import { createCrashSchedule } from '../../support/crash-schedule.ts';
import { createMemoryRecordArchive } from '../../support/memory-record-archive.ts';
import { createMemoryRecordTopic } from '../../support/memory-record-topic.ts';
import { createRecordingTelemetry } from '../../support/recording-telemetry.ts';

const FULL = { mode: 'full', absorbed: 0 } as const;

describe('announcing a record', () => {
  test('archives it, announces it, and says so in latest', async () => {
    const { archive, topic, announceRecord } = setUp();

    const result = await announceRecord(aFetchedConversation(), FULL);

    const [record] = topic.records;
    const { latest } = (await archive.getLatest(aSession())) ?? {};
    expect(result).toEqual({ outcome: 'emitted', version: FETCH_STARTED_MS });
    expect(await archive.getRecord(aSession(), FETCH_STARTED_MS)).toBe(escapeBody(record ?? {}));
    expect(latest).toEqual({
      kind: 'conversation.enriched',
      version: FETCH_STARTED_MS,
      content_hash: Reflect.get(record ?? {}, 'content_hash'),
      announced: true,
      updated_at: 1_790_856_000_000,
    });
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
    const { archive, topic, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    const before = (await archive.getLatest(aSession()))?.latest;

    const result = await announceRecord(aFetchedConversation({ conversation: { updated_at: 2_000 } }), FULL);

    expect(result).toEqual({ outcome: 'unchanged', version: FETCH_STARTED_MS });
    expect(topic.notices).toHaveLength(1);
    expect((await archive.getLatest(aSession()))?.latest).toEqual({ ...before, updated_at: 2_000 });
  });

  test('content that changed is announced with a higher version', async () => {
    const { topic, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);

    await announceRecord(aFetchedConversation({ conversation: { state: 'resolved' } }), FULL);

    expect(topic.records.map(({ version }) => version)).toEqual([FETCH_STARTED_MS, FETCH_STARTED_MS + 1]);
  });

  test('content that went away and came back is announced again', async () => {
    const { topic, announceRecord } = setUp();

    for (const state of ['unresolved', 'resolved', 'unresolved']) {
      await announceRecord(aFetchedConversation({ conversation: { state } }), FULL);
    }

    expect(topic.records.map((record) => Reflect.get(record, 'state'))).toEqual([
      'unresolved',
      'resolved',
      'unresolved',
    ]);
  });

  test('content that may not have been announced is announced, as a new version with the same hash', async () => {
    const { archive, topic, telemetry, announceRecord } = setUp();
    const schedule = createCrashSchedule([{ call: 1, when: 'before' }]);
    const dying = createAnnounceRecord({
      archive,
      topic: schedule.wrap(topic),
      telemetry,
      inlineLimitBytes: 200_000,
    });
    await expect(dying(aFetchedConversation(), FULL)).rejects.toThrow();
    const left = await archive.getLatest(aSession());

    const result = await announceRecord(aFetchedConversation({ startedMs: FETCH_STARTED_MS + 500 }), FULL);

    expect(left?.latest.announced).toBe(false);
    expect(result).toEqual({ outcome: 'emitted', version: FETCH_STARTED_MS + 500 });
    expect(topic.records).toMatchObject([
      { version: FETCH_STARTED_MS + 500, content_hash: left?.latest.content_hash },
    ]);
  });

  test('a run that was overtaken while it fetched is refused, and announces nothing', async () => {
    const { archive, topic, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    const seenBeforeFetch = await archive.getLatest(aSession());
    const newer = aFetchedConversation({
      startedMs: FETCH_STARTED_MS + 9,
      conversation: { state: 'resolved' },
    });
    await announceRecord(newer, FULL);

    const older = aFetchedConversation({ startedMs: FETCH_STARTED_MS + 5, conversation: { topic: 'older' } });
    const overtaken = announceRecord(older, { ...FULL, replaces: seenBeforeFetch ?? null });

    await expect(overtaken).rejects.toMatchObject({ code: 'record_superseded' });
    expect(topic.records.map((record) => Reflect.get(record, 'topic'))).not.toContain('older');
    expect((await archive.getLatest(aSession()))?.latest.version).toBe(FETCH_STARTED_MS + 9);
  });

  test('a first run that was overtaken by another first run is refused', async () => {
    const { announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);

    const other = aFetchedConversation({ startedMs: FETCH_STARTED_MS + 5, conversation: { topic: 'other' } });
    const overtaken = announceRecord(other, { ...FULL, replaces: null });

    await expect(overtaken).rejects.toMatchObject({ code: 'record_superseded' });
  });

  test('a clock that runs behind still gives a higher version', async () => {
    const { topic, announceRecord } = setUp();
    await announceRecord(aFetchedConversation(), FULL);

    const behind = aFetchedConversation({ startedMs: 1_000, conversation: { state: 'resolved' } });
    await announceRecord(behind, FULL);

    expect(topic.records.map(({ version }) => version)).toEqual([FETCH_STARTED_MS, FETCH_STARTED_MS + 1]);
  });

  test('a large record travels as a claim check that leads to it', async () => {
    const { archive, topic, telemetry, announceRecord } = setUp({ inlineLimitBytes: 1_000 });

    await announceRecord(aFetchedConversation(), FULL);

    const text = await archive.getRecord(aSession(), FETCH_STARTED_MS);
    const bytes = Buffer.byteLength(text ?? '');
    expect(topic.records).toMatchObject([
      { claim_check: { key: `records/${aSession().websiteId}/session_a/${FETCH_STARTED_MS}.json`, bytes } },
    ]);
    expect(telemetry.named('record-emitted')).toMatchObject([{ claimCheck: true, bytes }]);
  });

  test('says what it did in ids and numbers, without a word of the conversation', async () => {
    const { telemetry, announceRecord } = setUp();

    await announceRecord(aFetchedConversation(), FULL);
    await announceRecord(aFetchedConversation(), FULL);

    const { websiteId, sessionId } = aSession();
    const version = FETCH_STARTED_MS;
    const bytes = expect.any(Number);
    expect(telemetry.events).toEqual([
      {
        name: 'record-emitted',
        websiteId,
        sessionId,
        kind: 'conversation.enriched',
        version,
        bytes,
        claimCheck: false,
      },
      { name: 'record-unchanged', websiteId, sessionId, version },
    ]);
  });
});

function setUp({ inlineLimitBytes = 200_000 } = {}) {
  const archive = createMemoryRecordArchive();
  const topic = createMemoryRecordTopic();
  const telemetry = createRecordingTelemetry();
  const announceRecord = createAnnounceRecord({ archive, topic, telemetry, inlineLimitBytes });
  return { archive, topic, telemetry, announceRecord };
}
