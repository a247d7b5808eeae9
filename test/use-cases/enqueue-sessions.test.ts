import { expect, test } from 'vitest';
import { toCoalescedJob } from '../../lib/core/job/coalesce.ts';
import { createEnqueueSessions } from '../../lib/use-cases/enqueue-sessions.ts';
import { aSession } from '../support/builders.ts';
import { createMemorySessionBatches } from '../support/memory-session-batches.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };

function createScene() {
  const clock = createVirtualClock();
  const batches = createMemorySessionBatches();
  return { clock, batches, enqueue: createEnqueueSessions({ batches, coalesce, clock }) };
}

test('a session is asked for as an event of this moment would, so that the two become one fetch', async () => {
  const { clock, batches, enqueue } = createScene();

  await enqueue([aSession()], 'full');

  expect(batches.sent).toEqual([toCoalescedJob(aSession(), 'full', clock.nowMs(), coalesce)]);
});

test('each session is told what became of it, in its order', async () => {
  const { batches, enqueue } = createScene();
  batches.refuse('session_b');
  const sessions = ['session_a', 'session_b', 'session_c'].map((id) => aSession(id));

  const results = await enqueue(sessions, 'incremental');

  expect(results.map(({ session, result }) => [session.sessionId, result.outcome])).toEqual([
    ['session_a', 'queued'],
    ['session_b', 'failed'],
    ['session_c', 'queued'],
  ]);
});
