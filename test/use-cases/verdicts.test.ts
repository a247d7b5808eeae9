import { describe, expect, test } from 'vitest';
import { JobError } from '../../lib/core/errors/job-error.ts';
import { aMessage } from '../support/builders.ts';
import { createBatchScene, failing } from '../support/create-batch-scene.ts';

describe('a permanent failure', () => {
  const forbidden = failing('session_a', new JobError('crisp_forbidden', { status: 403 }));

  test('is not tried again: its further receives fetch nothing and are shown again at once', async () => {
    const scene = createBatchScene({ refresh: forbidden });
    const message = aMessage();

    await scene.handle([message]);
    const outcomes = await scene.handle([{ ...message, receiveCount: 2 }]);

    expect(scene.refreshed).toHaveLength(1);
    expect(outcomes.get(message.messageId)).toEqual({ outcome: 'retained', reason: 'crisp_forbidden' });
    expect(scene.hiddenFor(message)).toBe(0);
  });

  test('of an earlier message does not keep a newer one of its session from being fetched', async () => {
    const scene = createBatchScene({ refresh: forbidden });
    const hopeless = aMessage();
    await scene.handle([hopeless]);

    await scene.handle([{ ...hopeless, receiveCount: 2 }, aMessage()]);

    expect(scene.refreshed.map((unit) => unit.messages.length)).toEqual([1, 1]);
  });

  test('is tried again where the ledger is away, and a failure that may pass always is', async () => {
    const transient = failing('session_a', new JobError('crisp_unavailable', { status: 503 }));
    const [withoutLedger, healthy] = [
      createBatchScene({ refresh: forbidden }),
      createBatchScene({ refresh: transient }),
    ];
    withoutLedger.notes.readVerdict = async () => Promise.reject(new Error('away'));
    const message = aMessage();

    for (const scene of [withoutLedger, healthy]) {
      await scene.handle([message]);
      await scene.handle([{ ...message, receiveCount: 2 }]);
    }

    expect([withoutLedger.refreshed.length, healthy.refreshed.length]).toEqual([2, 2]);
  });
});
