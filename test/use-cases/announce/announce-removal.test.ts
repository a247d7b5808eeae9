import { describe, expect, test } from 'vitest';
import { removedRecordSchema } from '../../../lib/core/record/schema.ts';
import { createAnnounceRecord } from '../../../lib/use-cases/announce/announce-record.ts';
import { createAnnounceRemoval } from '../../../lib/use-cases/announce/announce-removal.ts';
import { aFetchedConversation, FETCH_STARTED_MS } from '../../support/a-fetched-conversation.ts';
import { aSession, OTHER_WEBSITE_ID } from '../../support/builders.ts';
import { createMemoryRecordArchive } from '../../support/memory-record-archive.ts';
import { createMemoryRecordTopic } from '../../support/memory-record-topic.ts';
import { createRecordingTelemetry } from '../../support/recording-telemetry.ts';

const FULL = { mode: 'full', absorbed: 0 } as const;
const REMOVED_MS = FETCH_STARTED_MS + 60_000;
const GONE = { reason: 'not_found', startedMs: REMOVED_MS };

describe('announcing a removal', () => {
  test('tells subscribers ids, version and reason, nothing else', async () => {
    const { archive, topic, announceRecord, announceRemoval } = setUp();
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
    expect((await archive.getLatest(aSession()))?.latest).toMatchObject({
      kind: 'conversation.removed',
      version: REMOVED_MS,
      announced: true,
    });
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
    const elsewhere = aSession('session_a', OTHER_WEBSITE_ID);
    await announceRecord(aFetchedConversation(elsewhere), FULL);

    const result = await announceRemoval(aSession(), GONE);

    expect(result).toEqual({ outcome: 'never-seen' });
    expect(topic.notices).toHaveLength(1);
    expect(await archive.getLatest(aSession())).toBeUndefined();
  });

  test('is followed by a higher version if the conversation comes back, though its content is the old one', async () => {
    const { topic, announceRecord, announceRemoval } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    await announceRemoval(aSession(), GONE);

    const result = await announceRecord(aFetchedConversation(), FULL);

    expect(result).toEqual({ outcome: 'emitted', version: REMOVED_MS + 1 });
    expect(topic.records.map(({ kind }) => kind)).toEqual([
      'conversation.enriched',
      'conversation.removed',
      'conversation.enriched',
    ]);
  });

  test('can be repeated after the conversation came back', async () => {
    const { announceRecord, announceRemoval } = setUp();
    await announceRecord(aFetchedConversation(), FULL);
    await announceRemoval(aSession(), GONE);
    await announceRecord(aFetchedConversation(), FULL);

    const result = await announceRemoval(aSession(), { ...GONE, startedMs: REMOVED_MS + 5_000 });

    expect(result).toEqual({ outcome: 'removed', version: REMOVED_MS + 5_000 });
  });
});

function setUp() {
  const archive = createMemoryRecordArchive();
  const topic = createMemoryRecordTopic();
  const telemetry = createRecordingTelemetry();
  const deps = { archive, topic, telemetry, inlineLimitBytes: 200_000 };
  return {
    archive,
    topic,
    telemetry,
    announceRecord: createAnnounceRecord(deps),
    announceRemoval: createAnnounceRemoval(deps),
  };
}
