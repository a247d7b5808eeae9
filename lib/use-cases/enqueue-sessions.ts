import type { SessionRef } from '../core/ids.ts';
import { type CoalesceWindow, toCoalescedJob } from '../core/job/coalesce.ts';
import type { FetchMode } from '../core/job/session-job.ts';
import type { Clock } from '../ports/clock.ts';
import type { SendResult, SessionBatches } from '../ports/session-queue.ts';

export interface EnqueueSessionsDependencies {
  readonly batches: SessionBatches;
  readonly coalesce: CoalesceWindow;
  readonly clock: Clock;
}

export interface EnqueuedSession {
  readonly session: SessionRef;
  readonly result: SendResult;
}

export type EnqueueSessions = ReturnType<typeof createEnqueueSessions>;

/**
 * Asks for one or many sessions as an event of this moment would: a job in the current bucket, so that it becomes one
 * fetch with whatever else happens in it. Resolves with what became of each; rejects where a whole request fails.
 */
export function createEnqueueSessions({ batches, coalesce, clock }: EnqueueSessionsDependencies) {
  return async (sessions: readonly SessionRef[], mode: FetchMode): Promise<readonly EnqueuedSession[]> => {
    const nowMs = clock.nowMs();
    const jobs = sessions.map((session) => toCoalescedJob(session, mode, nowMs, coalesce));
    const results = await batches.sendAll(jobs);
    return sessions.map((session, index) => ({ session, result: results[index] ?? UNANSWERED }));
  };
}

const UNANSWERED: SendResult = { outcome: 'failed', code: 'unanswered', mayRetry: true };
