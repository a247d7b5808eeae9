import type { SessionRef } from '../../lib/core/ids.ts';
import type { Run } from '../../lib/core/run/run.ts';
import { aSession } from './builders.ts';

const NOW_MS = 1_790_856_000_500;

/** A run that emitted a record. */
export function aRun(run: Partial<Run> = {}): Run {
  return {
    session: aSession(),
    messageId: 'message-1',
    requestId: 'request-1',
    startedMs: NOW_MS,
    durationMs: 250,
    receiveCount: 1,
    attempt: 1,
    outcome: 'emitted',
    apiCalls: 3,
    ...run,
  };
}

/** A run that failed, with all that may be known of a failure. */
export function aFailedRun(run: Partial<Run> = {}): Run {
  return aRun({
    outcome: 'failed',
    stage: 'fetch',
    code: 'bad_response:not_json',
    status: 200,
    reason: 'text/html that looks like "aaa"',
    delaySeconds: 42,
    ...run,
  });
}

let serial = 0;

/** A session of which nothing is in any log yet. */
export function aFreshSession(): SessionRef {
  serial += 1;
  return aSession(`session_fresh_${serial}`);
}
