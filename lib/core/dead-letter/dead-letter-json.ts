import { toMoment } from '../text/to-moment.ts';
import { type DeadLetter, toReasonText } from './dead-letter.ts';

/** A dead letter as programs read it: snake case, moments in UTC, null for what is not known. It has no content. */
export function toDeadLetterJson(letter: DeadLetter) {
  const { reason, session } = letter;
  return {
    message_id: letter.messageId,
    website_id: session?.websiteId ?? null,
    session_id: letter.sessionId ?? null,
    mode: letter.mode ?? null,
    code: reason.code,
    reason: toReasonText(reason),
    hint: reason.hint ?? null,
    failed_in: reason.stage ?? null,
    http_status: reason.status ?? null,
    attempts: letter.attempts,
    receives: letter.receives,
    first_failed_at: toMoment(letter.firstFailedMs) ?? null,
    last_failed_at: toMoment(letter.lastFailedMs) ?? null,
    requested_at: toMoment(letter.requestedMs) ?? null,
    dead_since: toMoment(letter.deadSinceMs) ?? null,
    expires_at: toMoment(letter.expiresMs) ?? null,
  };
}
