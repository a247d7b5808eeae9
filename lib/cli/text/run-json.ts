import type { Run } from '../../core/run/run.ts';
import { toMoment } from '../../core/text/to-moment.ts';

/** A run as programs read it. */
export function toRunJson(run: Run) {
  return {
    started_at: toMoment(run.startedMs) ?? null,
    outcome: run.outcome,
    message_id: run.messageId,
    request_id: run.requestId,
    attempt: run.attempt,
    receives: run.receiveCount,
    api_calls: run.apiCalls,
    duration_ms: run.durationMs,
    code: run.code ?? null,
    failed_in: run.stage ?? null,
    http_status: run.status ?? null,
    hint: run.reason ?? null,
    again_in_seconds: run.delaySeconds ?? null,
  };
}
