import type { JobError } from '../core/errors/job-error.ts';
import type { SessionUnit } from '../core/job/session-unit.ts';
import type { Clock } from '../ports/clock.ts';
import type { CrispApi } from '../ports/crisp-api.ts';
import type { MessageNotes } from '../ports/message-notes.ts';
import type { StoredLatest } from '../ports/record-archive.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { AnnounceRemoval } from './announce-removal.ts';
import type { BestEffort } from './best-effort.ts';
import type { RefreshResult } from './refresh-result.ts';

/** A conversation that was just created may be unknown to Crisp's REST side for seconds: a second look comes later. */
export const ABSENCE_CONFIRMED_AFTER_MS = 10_000;
const SECOND_LOOK_DELAY_SECONDS = 15;

export interface ConfirmRemovalDependencies {
  readonly clock: Clock;
  readonly crisp: Pick<CrispApi, 'getWebsite'>;
  readonly notes: MessageNotes;
  readonly bestEffort: BestEffort;
  readonly announceRemoval: AnnounceRemoval;
  readonly telemetry: Telemetry;
}

/** A look that found nothing. */
export interface Absence {
  readonly missing: JobError;
  /** What `latest` said before the look; null: nothing. */
  readonly replaces: StoredLatest | null;
  readonly signal: AbortSignal;
}

export type ConfirmRemoval = ReturnType<typeof createConfirmRemoval>;

/**
 * Decides what a 404 means. Only when Crisp has twice not had the conversation, in two receives of one message at least
 * ten seconds apart, while the website itself answers, is its removal announced; a session of which there never was a
 * record is skipped. Throws where the website does not answer, or where the ledger is away and nothing can be confirmed.
 */
export function createConfirmRemoval(dependencies: ConfirmRemovalDependencies) {
  const { clock, crisp, notes, bestEffort, announceRemoval, telemetry } = dependencies;

  return async (unit: SessionUnit, { missing, replaces, signal }: Absence): Promise<RefreshResult> => {
    const nowMs = clock.nowMs();
    const [oldest] = unit.messages;
    const sinceMs =
      oldest && (await bestEffort('note-absence', () => notes.noteAbsence(oldest.message.messageId, nowMs)));
    if (sinceMs === undefined) throw missing;
    if (nowMs - sinceMs < ABSENCE_CONFIRMED_AFTER_MS) {
      return { outcome: 'deferred', reason: 'absence_unconfirmed', delaySeconds: SECOND_LOOK_DELAY_SECONDS };
    }

    await crisp.getWebsite(unit.websiteId, signal);
    const { outcome } = await announceRemoval(unit, { reason: missing.reason, startedMs: nowMs, replaces });
    if (outcome === 'never-seen') return skip(unit);
    return { outcome: 'removed' };
  };

  function skip({ websiteId, sessionId, messages }: SessionUnit): RefreshResult {
    for (const { message } of messages) {
      telemetry.emit({
        name: 'job-skipped',
        reason: 'not-found',
        messageId: message.messageId,
        websiteId,
        sessionId,
      });
    }
    return { outcome: 'skipped' };
  }
}
