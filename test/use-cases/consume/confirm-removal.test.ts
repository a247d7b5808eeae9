import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import type { Latest } from '../../../lib/core/record/latest.ts';
import { aSession } from '../../support/builders.ts';
import { aConversation, aUnit, createRefreshScene } from '../../support/create-refresh-scene.ts';

const MISSING = new JobError('conversation_missing', { status: 404 });

/** A session that Crisp does not have; `latest` says what was announced of it before, null that nothing was. */
function aMissingConversation(latest: Partial<Latest> | null = {}) {
  const scene = createRefreshScene();
  scene.crisp.answer = async () => Promise.reject(MISSING);
  const announced = { version: 1, content_hash: 'sha256:x', announced: true, updated_at: null };
  scene.archived.latest = latest
    ? { latest: { kind: 'conversation.enriched', ...announced, ...latest }, revision: 'one' }
    : undefined;
  return scene;
}

type Scene = ReturnType<typeof createRefreshScene>;

/** Looks twice, `afterMs` apart; what the second look came to. */
async function lookTwice(scene: Scene, afterMs = 10_000) {
  await scene.run(aUnit());
  await scene.clock.advance(afterMs);
  return scene.run(aUnit({ receiveCount: 2 }));
}

describe('a conversation that Crisp does not have', () => {
  test('is not removed at the first look', async () => {
    const scene = aMissingConversation();

    const result = await scene.run(aUnit());

    expect(result).toEqual({ outcome: 'deferred', reason: 'absence_unconfirmed', delaySeconds: 15 });
    expect(scene.removals).toEqual([]);
  });

  test('is not removed at a second look that comes too soon', async () => {
    const scene = aMissingConversation();

    const result = await lookTwice(scene, 9_999);

    expect(result).toMatchObject({ outcome: 'deferred' });
    expect(scene.removals).toEqual([]);
  });

  test('is removed once it is missing ten seconds later and the website answers', async () => {
    const scene = aMissingConversation();

    const result = await lookTwice(scene);

    expect(result).toEqual({ outcome: 'removed' });
    expect(scene.removals).toEqual(['conversation_missing']);
  });

  test('is not removed while the website itself does not answer', async () => {
    const scene = aMissingConversation();
    const rejected = new JobError('crisp_auth_failed', { status: 401 });
    scene.crisp.website = async () => Promise.reject(rejected);

    await expect(lookTwice(scene)).rejects.toBe(rejected);
    expect(scene.removals).toEqual([]);
  });

  test('is retried, never removed, where the ledger is away', async () => {
    const scene = aMissingConversation();
    scene.notes.noteAbsence = async () => Promise.reject(new Error('away'));

    await expect(scene.run(aUnit({ receiveCount: 9 }))).rejects.toBe(MISSING);
    expect(scene.removals).toEqual([]);
  });

  test('is not removed by one look, whatever was noted for another message before', async () => {
    const scene = aMissingConversation();
    await scene.run(aUnit({ name: 'long ago' }));

    await scene.clock.advance(60_000);
    const result = await scene.run(aUnit());

    expect(result).toMatchObject({ outcome: 'deferred', reason: 'absence_unconfirmed' });
    expect(scene.removals).toEqual([]);
  });

  test('is not removed by two looks between which it was there', async () => {
    const scene = aMissingConversation();
    const missing = scene.crisp.answer;
    await scene.run(aUnit());

    await scene.clock.advance(10_000);
    scene.crisp.answer = async () => aConversation();
    await scene.run(aUnit({ receiveCount: 2 }));
    scene.crisp.answer = missing;
    const third = await scene.run(aUnit({ receiveCount: 3 }));
    await scene.clock.advance(10_000);
    const fourth = await scene.run(aUnit({ receiveCount: 4 }));

    expect(third).toMatchObject({ outcome: 'deferred', reason: 'absence_unconfirmed' });
    expect(fourth).toEqual({ outcome: 'removed' });
  });

  test('is skipped where there never was a record of it', async () => {
    const scene = aMissingConversation(null);

    const result = await lookTwice(scene);

    expect(result).toEqual({ outcome: 'skipped' });
    expect(scene.telemetry.named('job-skipped')).toMatchObject([{ reason: 'not-found' }]);
  });

  test.each<[string, number, Partial<Latest> | null]>([
    ['its removal is news', 1, {}],
    [
      'its removal was archived, but perhaps not announced',
      1,
      { kind: 'conversation.removed', announced: false },
    ],
    ['there never was a record of it', 0, null],
    ['its removal was announced before', 0, { kind: 'conversation.removed' }],
  ])('where %s, costs %d control calls, which its run counts', async (_, calls, latest) => {
    const scene = aMissingConversation(latest);

    await lookTwice(scene);

    expect(scene.requests()).toBe(calls);
  });

  test('is skipped without asking a website that does not answer, where there never was a record of it', async () => {
    const scene = aMissingConversation(null);
    scene.crisp.website = async () => Promise.reject(new JobError('crisp_auth_failed', { status: 401 }));

    expect(await lookTwice(scene)).toEqual({ outcome: 'skipped' });
  });
});

describe('a removal that would be one too many in a row', () => {
  test('is not announced, and its message waits for the breaker', async () => {
    const scene = aMissingConversation();
    scene.breaker.refuseRemovals();

    const result = await lookTwice(scene);

    expect(result).toEqual({ outcome: 'held', reason: 'too_many_removals' });
    expect(scene.removals).toEqual([]);
  });

  test('is counted by session, once the website has answered', async () => {
    const scene = aMissingConversation();

    await scene.run(aUnit());
    expect(scene.breaker.removals).toEqual([]);

    await scene.clock.advance(10_000);
    await scene.run(aUnit({ receiveCount: 2 }));
    expect(scene.breaker.removals).toEqual([aSession()]);
  });

  test.each<[string, Partial<Latest> | null]>([
    ['there never was a record of it', null],
    ['it was announced before', { kind: 'conversation.removed' }],
  ])('is not counted where %s', async (_, latest) => {
    const scene = aMissingConversation(latest);
    scene.breaker.refuseRemovals();

    const result = await lookTwice(scene);

    expect(result).not.toMatchObject({ outcome: 'held' });
    expect(scene.breaker.removals).toEqual([]);
  });

  test('is counted where it was archived, but perhaps not announced', async () => {
    const scene = aMissingConversation({ kind: 'conversation.removed', announced: false });

    await lookTwice(scene);

    expect(scene.breaker.removals).toEqual([aSession()]);
  });
});
