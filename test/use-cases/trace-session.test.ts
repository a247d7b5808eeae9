import { expect, test } from 'vitest';
import type { RecordArchive } from '../../lib/ports/record-archive.ts';
import { createTraceSession } from '../../lib/use-cases/trace-session.ts';
import { aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';
import { aLetter, createDeadLetterScene } from '../support/create-dead-letter-scene.ts';
import { aFailedRun } from '../support/run-builders.ts';

const LATEST = {
  kind: 'conversation.enriched',
  version: 1_790_856_000_000,
  content_hash: 'sha256:0',
  announced: true,
  updated_at: null,
} as const;

const archive: Pick<RecordArchive, 'getLatest'> = {
  getLatest: async ({ sessionId }) =>
    sessionId === 'session_a' ? { latest: LATEST, revision: 'r' } : undefined,
};

test('a trace shows a session’s runs, its newest record and its dead letters, and nobody else’s', async () => {
  const { queue, runLog, list, stop } = createDeadLetterScene();
  const session = aSession('session_a');
  const own = aLetter({ session });
  queue.bury(
    own,
    aLetter({ session: aSession('session_b') }),
    aLetter({ session: aSession('session_a', OTHER_WEBSITE_ID) }),
  );
  await runLog.record([aFailedRun({ session, messageId: own.messageId })]);
  const traceSession = createTraceSession({ runHistory: runLog, archive, list });

  const trace = await traceSession(session, { limit: 10, signal: stop.signal });

  expect(trace.runs.map(({ messageId }) => messageId)).toEqual([own.messageId]);
  expect(trace.latest).toEqual(LATEST);
  expect(trace.deadLetters.map(({ messageId }) => messageId)).toEqual([own.messageId]);
  expect(queue.visibleIds()).toHaveLength(3);
});

test('a session that nobody knows has an empty trace', async () => {
  const { runLog, list, stop } = createDeadLetterScene();
  const traceSession = createTraceSession({ runHistory: runLog, archive, list });

  const trace = await traceSession(aSession('session_b'), { limit: 10, signal: stop.signal });

  expect(trace).toMatchObject({ runs: [], latest: undefined, deadLetters: [] });
});
