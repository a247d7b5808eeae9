import type { DeadLetterGroup } from '../dead-letters/filter.ts';
import type { RedriveSurvey } from '../dead-letters/move.ts';
import type { PeekReport } from '../dead-letters/peek.ts';
import type { RedriveResult } from '../dead-letters/redrive.ts';
import type { Unseen } from '../dead-letters/unseen.ts';
import { JobError } from '../errors.ts';
import type { Run } from '../ledger/runs.ts';
import { toMoment } from '../text.ts';
import type { TimelineEntry } from './timeline.ts';

// What the command line's --json and the API say of a stage: snake case, moments in UTC, null for what is not known.

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

/** An entry of a session's story as programs read it. */
export function toTimelineJson(entry: TimelineEntry) {
  return {
    at: toMoment(entry.atMs) ?? null,
    kind: entry.kind,
    words: entry.words,
    api_calls: entry.calls ?? null,
    duration_ms: entry.durationMs ?? null,
    version: entry.version ?? null,
    code: entry.code ?? null,
    next_at: toMoment(entry.nextMs) ?? null,
    message_id: entry.messageId ?? null,
  };
}

/** What a redrive would do, as programs read it. */
export function toSurveyJson(survey: RedriveSurvey) {
  const { matched, wouldMove, sessions, exhausted, exhaustedMessages, unreadable, groups } = survey;
  return {
    matched,
    would_move: wouldMove,
    sessions: sessions.length - exhausted,
    would_stay: matched - wouldMove,
    exhausted_sessions: exhausted,
    exhausted_messages: exhaustedMessages,
    unreadable,
    groups: groups.map(toGroupJson),
    ...toLookJson(survey),
  };
}

/** What a redrive did, as programs read it. */
export function toRedriveJson(result: RedriveResult) {
  switch (result.by) {
    case 'nothing':
      return { by: result.by, moved: 0, ...toLookJson(result) };
    case 'move-task': {
      const { by, moved, left, arrived, wasCancelled, unseen } = result;
      return { by, moved, left, new: arrived, cancelled: wasCancelled, ...toHiddenJson(unseen) };
    }
    case 'enqueue': {
      const { by, moved, duplicated, failed, exhausted, unreadable, interrupted, postponed, arrived } =
        result;
      const left = duplicated + failed + exhausted + unreadable + interrupted + postponed;
      const why = {
        ...{ duplicated, failed, redrive_exhausted: exhausted, unreadable, interrupted },
        quota_spare_spent: postponed,
      };
      return { by, moved, left, new: arrived, ...why, ...toLookJson(result) };
    }
    default:
      return result satisfies never;
  }
}

export function toGroupJson({ code, count, oldestMs, expiresMs }: DeadLetterGroup) {
  return {
    code,
    count,
    oldest_dead_since: toMoment(oldestMs) ?? null,
    first_expires_at: toMoment(expiresMs) ?? null,
  };
}

/** How far a look went, as programs read it. */
export function toLookJson({ seen, ended, unseen, ledgerFailure }: PeekReport) {
  return {
    seen,
    unseen: unseen.count,
    ...toHiddenJson(unseen),
    waiting: unseen.waiting,
    waiting_reason: unseen.waitingReason ?? null,
    ended,
    ledger_failure:
      ledgerFailure === undefined
        ? null
        : ledgerFailure instanceof JobError
          ? ledgerFailure.reason
          : 'unexpected',
  };
}

/** What other readers hide, until when at the latest, and since when where the ledger knows. */
function toHiddenJson({ hidden, hiddenUntilMs, hiddenSinceMs }: Unseen) {
  return {
    hidden,
    hidden_until: toMoment(hiddenUntilMs) ?? null,
    hidden_since: toMoment(hiddenSinceMs) ?? null,
  };
}
