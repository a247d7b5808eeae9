import type { FetchedConversation } from '../../lib/core/crisp/fetched-conversation.ts';
import { decodeJob } from '../../lib/core/job/decode-job.ts';
import type { SessionUnit } from '../../lib/core/job/session-unit.ts';
import type { StoredLatest } from '../../lib/ports/record-archive.ts';
import { createBestEffort } from '../../lib/use-cases/best-effort.ts';
import { createConfirmRemoval } from '../../lib/use-cases/consume/confirm-removal.ts';
import { createRefreshSession } from '../../lib/use-cases/consume/refresh-session.ts';
import { aCrispApi } from './a-crisp-api.ts';
import { aMessage, aSession } from './builders.ts';
import { createMemoryBreaker } from './memory-breaker.ts';
import { createMemoryMessageNotes } from './memory-message-notes.ts';
import { createRecordingTelemetry } from './recording-telemetry.ts';
import { createVirtualClock } from './virtual-clock.ts';

const COALESCE = { coalesceSeconds: 60, marginSeconds: 10 };

/** The messages of a session; of the same `name` they are the same messages, received again. */
export function aUnit({
  name = 'first',
  messages = 1,
  receiveCount = 1,
  modes = [] as string[],
} = {}): SessionUnit {
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

/** A fetch of the first test session. */
export function aConversation(
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

/** One refresh, around a Crisp, an archive and announcements that the test decides about. */
export function createRefreshScene() {
  const clock = createVirtualClock();
  const telemetry = createRecordingTelemetry();
  const bestEffort = createBestEffort(telemetry);
  const notes = createMemoryMessageNotes();
  const crisp = {
    answer: async (): Promise<FetchedConversation> => aConversation(),
    website: async () => ({}),
  };
  const breaker = createMemoryBreaker();
  const archived: { latest: StoredLatest | undefined } = { latest: undefined };
  const announced: unknown[] = [];
  const removals: string[] = [];

  const confirmRemoval = createConfirmRemoval({
    clock,
    telemetry,
    bestEffort,
    notes,
    crisp: aCrispApi({ getWebsite: () => crisp.website() }),
    breaker,
    policy: { retryBaseSeconds: 30, random: () => 0 },
    announceRemoval: async (_session, { reason, replaces }) => {
      if (!replaces) return { outcome: 'never-seen' };
      removals.push(reason);
      return { outcome: 'removed', version: 1 };
    },
  });
  const refresh = createRefreshSession({
    clock,
    archive: { getLatest: async () => archived.latest },
    notes,
    bestEffort,
    confirmRemoval,
    fetchConversation: () => crisp.answer(),
    announceRecord: async (_fetched, how) => {
      announced.push(how);
      return { outcome: 'emitted', version: 1 };
    },
  });
  let requests = 0;
  const onRequest = () => {
    requests += 1;
  };
  const run = (unit: SessionUnit) => refresh(unit, { signal: new AbortController().signal, onRequest });
  return {
    clock,
    telemetry,
    notes,
    crisp,
    breaker,
    archived,
    announced,
    removals,
    run,
    requests: () => requests,
  };
}
