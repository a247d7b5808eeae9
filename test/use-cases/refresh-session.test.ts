import { describe, expect, test } from 'vitest';
import type { FetchedConversation } from '../../lib/core/crisp/fetched-conversation.ts';
import { JobError } from '../../lib/core/errors/job-error.ts';
import { decodeJob } from '../../lib/core/job/decode-job.ts';
import type { SessionUnit } from '../../lib/core/job/session-unit.ts';
import { createBestEffort } from '../../lib/use-cases/best-effort.ts';
import { createConfirmRemoval } from '../../lib/use-cases/confirm-removal.ts';
import { createRefreshSession } from '../../lib/use-cases/refresh-session.ts';
import { aMessage, aSession } from '../support/builders.ts';
import { createMemoryMessageNotes } from '../support/memory-message-notes.ts';
import { createRecordingTelemetry } from '../support/recording-telemetry.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const MISSING = new JobError('conversation_missing', { status: 404 });
const COALESCE = { coalesceSeconds: 60, marginSeconds: 10 };

/** The messages of a session; of the same `name` they are the same messages, received again. */
function aUnit({ name = 'first', messages = 1, receiveCount = 1, modes = [] as string[] } = {}): SessionUnit {
  const decoded = Array.from({ length: messages }, (_, i) => {
    const message = aMessage({
      messageId: `${name}-${i}`,
      receiveCount,
      job: { mode: modes[i] ?? 'full', bucketMs: 60_000 },
    });
    return { message, job: decodeJob(message.body, { coalesce: COALESCE }).job };
  });
  return { ...aSession(), messages: decoded };
}

function aConversation(
  conversation: Record<string, unknown> = {},
  messages: unknown[] = [],
): FetchedConversation {
  return {
    ...aSession(),
    startedMs: 1,
    conversation,
    messages,
    profile: null,
    messagePages: 1,
    terminatedBy: 'http_200',
    apiCalls: 2,
  };
}

function createScene() {
  const clock = createVirtualClock();
  const telemetry = createRecordingTelemetry();
  const bestEffort = createBestEffort(telemetry);
  const notes = createMemoryMessageNotes();
  const crisp = {
    answer: async (): Promise<FetchedConversation> => aConversation(),
    website: async () => ({}),
  };
  const seen = { before: true };
  const announced: unknown[] = [];
  const removals: string[] = [];

  const confirmRemoval = createConfirmRemoval({
    clock,
    telemetry,
    bestEffort,
    notes,
    crisp: { getWebsite: () => crisp.website() },
    announceRemoval: async (_session, { reason, replaces }) => {
      if (!seen.before) return { outcome: 'never-seen' };
      removals.push(reason);
      expect(replaces).toBe(null);
      return { outcome: 'removed', version: 1 };
    },
  });
  const refresh = createRefreshSession({
    clock,
    archive: { getLatest: async () => undefined },
    notes,
    bestEffort,
    confirmRemoval,
    fetchConversation: () => crisp.answer(),
    announceRecord: async (_fetched, how) => {
      announced.push(how);
      return { outcome: 'emitted', version: 1 };
    },
  });
  const run = (unit: SessionUnit) => refresh(unit, new AbortController().signal);
  return { clock, telemetry, notes, crisp, seen, announced, removals, run };
}

describe('a refresh', () => {
  test('fetches in full whatever was asked for and counts the messages that it absorbed', async () => {
    const scene = createScene();

    const result = await scene.run(aUnit({ messages: 3, modes: ['incremental', 'full', 'incremental'] }));

    expect(result).toEqual({ outcome: 'emitted' });
    expect(scene.announced).toEqual([{ mode: 'full', absorbed: 2, replaces: null }]);
  });
});

describe('an answer without the newest message', () => {
  const STALE = aConversation({ preview_message: { fingerprint: 2 } }, [{ fingerprint: 1, timestamp: 1 }]);

  test('is put off three times with growing waits, then announced as it is', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => STALE;
    const unit = aUnit();

    const results = [];
    for (let receive = 1; receive <= 4; receive++) results.push(await scene.run(unit));

    expect(results).toEqual([
      { outcome: 'deferred', reason: 'stale_read', delaySeconds: 10 },
      { outcome: 'deferred', reason: 'stale_read', delaySeconds: 20 },
      { outcome: 'deferred', reason: 'stale_read', delaySeconds: 30 },
      { outcome: 'emitted' },
    ]);
  });

  test('is not put off for ever by newer messages that come back with it', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => STALE;

    const outcomes = [];
    for (let receive = 1; receive <= 4; receive++) {
      const { outcome } = await scene.run(aUnit({ messages: receive, receiveCount: receive }));
      outcomes.push(outcome);
    }

    expect(outcomes).toEqual(['deferred', 'deferred', 'deferred', 'emitted']);
  });

  test('is put off by its receive count where the ledger is away', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => STALE;
    scene.notes.countStaleRead = async () => Promise.reject(new Error('away'));

    const third = await scene.run(aUnit({ receiveCount: 3 }));
    const fourth = await scene.run(aUnit({ receiveCount: 4 }));

    expect(third).toMatchObject({ outcome: 'deferred' });
    expect(fourth).toEqual({ outcome: 'emitted' });
    expect(scene.telemetry.named('ledger-unavailable').length).toBeGreaterThanOrEqual(2);
  });
});

describe('a conversation that Crisp does not have', () => {
  test('is not removed at the first look', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => Promise.reject(MISSING);

    const result = await scene.run(aUnit());

    expect(result).toEqual({ outcome: 'deferred', reason: 'absence_unconfirmed', delaySeconds: 15 });
    expect(scene.removals).toEqual([]);
  });

  test('is not removed at a second look that comes too soon', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => Promise.reject(MISSING);

    await scene.run(aUnit());
    await scene.clock.advance(9_999);
    const result = await scene.run(aUnit({ receiveCount: 2 }));

    expect(result).toMatchObject({ outcome: 'deferred' });
  });

  test('is removed once it is missing ten seconds later and the website answers', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => Promise.reject(MISSING);

    await scene.run(aUnit());
    await scene.clock.advance(10_000);
    const result = await scene.run(aUnit({ receiveCount: 2 }));

    expect(result).toEqual({ outcome: 'removed' });
    expect(scene.removals).toEqual(['conversation_missing']);
  });

  test('is not removed while the website itself does not answer', async () => {
    const scene = createScene();
    const rejected = new JobError('crisp_auth_failed', { status: 401 });
    scene.crisp.answer = async () => Promise.reject(MISSING);
    scene.crisp.website = async () => Promise.reject(rejected);

    await scene.run(aUnit());
    await scene.clock.advance(10_000);

    await expect(scene.run(aUnit({ receiveCount: 2 }))).rejects.toBe(rejected);
    expect(scene.removals).toEqual([]);
  });

  test('is retried, never removed, where the ledger is away', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => Promise.reject(MISSING);
    scene.notes.noteAbsence = async () => Promise.reject(new Error('away'));

    await expect(scene.run(aUnit({ receiveCount: 9 }))).rejects.toBe(MISSING);
    expect(scene.removals).toEqual([]);
  });

  test('is not removed by one look, whatever was noted for another message before', async () => {
    const scene = createScene();
    scene.crisp.answer = async () => Promise.reject(MISSING);
    await scene.run(aUnit({ name: 'long ago' }));

    await scene.clock.advance(60_000);
    const result = await scene.run(aUnit());

    expect(result).toMatchObject({ outcome: 'deferred', reason: 'absence_unconfirmed' });
    expect(scene.removals).toEqual([]);
  });

  test('is skipped where there never was a record of it', async () => {
    const scene = createScene();
    scene.seen.before = false;
    scene.crisp.answer = async () => Promise.reject(MISSING);

    await scene.run(aUnit());
    await scene.clock.advance(10_000);
    const result = await scene.run(aUnit({ receiveCount: 2 }));

    expect(result).toEqual({ outcome: 'skipped' });
    expect(scene.telemetry.named('job-skipped')).toMatchObject([{ reason: 'not-found' }]);
  });
});
