import type { Breaker } from '../breaker/breaker.ts';
import type { Clock } from '../clock.ts';
import { type CrispApi, countRequests } from '../crisp/client.ts';
import type { FailureDecision, JobError } from '../errors.ts';
import type { MessageNotes } from '../ledger/message-notes.ts';
import type { BestEffort } from '../ledger/table.ts';
import type { AnnounceRemoval } from '../record/announce.ts';
import type { StoredLatest } from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { decideFailure, type RetryPolicy } from './retry.ts';
import type { RefreshOptions, RefreshResult, SessionUnit } from './unit.ts';

interface ConfirmRemovalDependencies {
  readonly clock: Clock;
  readonly crisp: CrispApi;
  readonly notes: Pick<MessageNotes, 'noteAbsence'>;
  readonly bestEffort: BestEffort;
  readonly breaker: Pick<Breaker, 'judgeRemoval'>;
  readonly policy: RetryPolicy;
  readonly announceRemoval: AnnounceRemoval;
  readonly telemetry: Telemetry;
}

/** A look that found nothing. */
interface Absence extends RefreshOptions {
  readonly missing: JobError;
  /** What `latest` said before the look; null: nothing. */
  readonly replaces: StoredLatest | null;
}

export type ConfirmRemoval = ReturnType<typeof createConfirmRemoval>;

/**
 * Decides what a 404 means. Only when Crisp has twice not had the conversation, in two receives of one message at least
 * ten seconds apart, while the website itself answers, is its removal announced. Where there is nothing to announce (there
 * never was a record, or its removal was announced before) the website is not asked: an invented id costs two requests. A
 * session of which there never was a record is skipped. Throws where the website does not answer, or where the ledger is away and nothing can be confirmed.
 */
export function createConfirmRemoval(dependencies: ConfirmRemovalDependencies) {
  const { clock, crisp, notes, bestEffort, breaker, policy, announceRemoval, telemetry } = dependencies;

  return async (unit: SessionUnit, absence: Absence): Promise<RefreshResult> => {
    const { missing, replaces, signal, onRequest } = absence;
    const { websiteId, sessionId } = unit;
    const startedMs = clock.nowMs();
    const { decision, delaySeconds } = await decide(unit, missing);
    if (decision === 'defer') return { outcome: 'deferred', reason: 'absence_unconfirmed', delaySeconds };
    if (decision !== 'removed') throw missing;

    if (isNews(replaces)) {
      await countRequests(crisp, onRequest).crisp.getWebsite(websiteId, signal);
      if ((await breaker.judgeRemoval({ websiteId, sessionId })) === 'outage')
        return { outcome: 'held', reason: 'too_many_removals' };
    }

    const { outcome } = await announceRemoval(unit, { reason: missing.reason, startedMs, replaces });
    return outcome === 'never-seen' ? skip(unit) : { outcome: 'removed' };
  };

  async function decide({ messages }: SessionUnit, missing: JobError): Promise<FailureDecision> {
    const [oldest] = messages;
    if (!oldest) throw missing;
    const { messageId, receiveCount } = oldest.message;
    const nowMs = clock.nowMs();
    const sinceMs = await bestEffort('note-absence', () => notes.noteAbsence(messageId, nowMs));
    // Nothing is known, so nothing can be confirmed: it goes on like any other failure.
    if (sinceMs === undefined) throw missing;
    const work = { blame: 'session', hasStarted: true, counted: undefined } as const;
    return decideFailure(missing, { ...work, receiveCount, missingForMs: nowMs - sinceMs }, policy);
  }

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

/** False where nobody would learn of a removal, or everybody has: then it is none too many. */
function isNews(replaces: StoredLatest | null): boolean {
  return replaces !== null && !(replaces.latest.kind === 'conversation.removed' && replaces.latest.announced);
}
