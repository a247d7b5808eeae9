import { describe, expect, test } from 'vitest';
import { aConversation, aUnit, createRefreshScene } from '../../support/create-refresh-scene.ts';

describe('a refresh', () => {
  test('fetches in full whatever was asked for and counts the messages that it absorbed', async () => {
    const scene = createRefreshScene();

    const result = await scene.run(aUnit({ messages: 3, modes: ['incremental', 'full', 'incremental'] }));

    expect(result).toEqual({ outcome: 'emitted' });
    expect(scene.announced).toEqual([{ mode: 'full', absorbed: 2, replaces: null }]);
  });
});

describe('an answer without the newest message', () => {
  const STALE = aConversation({ preview_message: { fingerprint: 2 } }, [{ fingerprint: 1, timestamp: 1 }]);

  test('is put off three times with growing waits, then announced as it is', async () => {
    const scene = createRefreshScene();
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
    const scene = createRefreshScene();
    scene.crisp.answer = async () => STALE;

    const outcomes = [];
    for (let receive = 1; receive <= 4; receive++) {
      const { outcome } = await scene.run(aUnit({ messages: receive, receiveCount: receive }));
      outcomes.push(outcome);
    }

    expect(outcomes).toEqual(['deferred', 'deferred', 'deferred', 'emitted']);
  });

  test('is put off by its receive count where the ledger is away', async () => {
    const scene = createRefreshScene();
    scene.crisp.answer = async () => STALE;
    scene.notes.countStaleRead = async () => Promise.reject(new Error('away'));

    const third = await scene.run(aUnit({ receiveCount: 3 }));
    const fourth = await scene.run(aUnit({ receiveCount: 4 }));

    expect(third).toMatchObject({ outcome: 'deferred' });
    expect(fourth).toEqual({ outcome: 'emitted' });
    expect(scene.telemetry.named('ledger-unavailable').length).toBeGreaterThanOrEqual(2);
  });
});
