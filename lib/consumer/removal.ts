import { countRequests } from '../crisp/client.ts';
import type { FailureDecision, JobError } from '../errors.ts';
import type { StoredLatest } from '../record/archive.ts';
import {
  type ConsumerContext,
  type RefreshOptions,
  type RefreshResult,
  type SessionUnit,
  toSession,
} from './context.ts';
import { decideFailure } from './retry.ts';

/** A look that found nothing. */
interface Absence extends RefreshOptions {
  readonly missing: JobError;
  /** When it began, epoch ms. */
  readonly startedMs: number;
  /** What `latest` said before the look; null: nothing. */
  readonly replaces: StoredLatest | null;
}

/**
 * Decides what a 404 means. Only when Crisp has twice not had the conversation, in two receives of one message at least
 * ten seconds apart, while the website itself answers, is its removal announced. Where there is nothing to announce (there
 * never was a record, or its removal was announced before) the website is not asked: an invented id costs two requests. A
 * session of which there never was a record is skipped. Throws where the website does not answer, or where the ledger is
 * away and nothing can be confirmed.
 */
export async function confirmRemoval(
  context: ConsumerContext,
  unit: SessionUnit,
  { missing, startedMs, replaces, signal, onRequest }: Absence,
): Promise<RefreshResult> {
  const { decision, delaySeconds } = await decideAbsence(context, unit, missing);
  if (decision === 'defer') return { outcome: 'deferred', reason: 'absence_unconfirmed', delaySeconds };
  if (decision !== 'removed') throw missing;

  if (isNews(replaces)) {
    await countRequests(context.crisp, onRequest).crisp.getWebsite(unit.websiteId, signal);
    if ((await context.breaker.judgeRemoval(toSession(unit))) === 'outage')
      return { outcome: 'held', reason: 'too_many_removals' };
    await noteRemoved(context, unit, missing);
  }

  const { outcome } = await context.announceRemoval(unit, { reason: missing.reason, startedMs, replaces });
  if (outcome !== 'never-seen') return { outcome: 'removed' };
  logSkipped(context, unit);
  return { outcome: 'skipped' };
}

async function decideAbsence(
  { notes, bestEffort, clock, policy }: ConsumerContext,
  { messages: [oldest] }: SessionUnit,
  missing: JobError,
): Promise<FailureDecision> {
  if (!oldest) throw missing;
  const { messageId, receiveCount } = oldest.message;
  const nowMs = clock.nowMs();
  const sinceMs = await bestEffort('note-absence', () => notes.noteAbsence(messageId, nowMs));
  // Without the note nothing can be confirmed: it is handled as any other failure.
  if (sinceMs === undefined) throw missing;
  const work = { blame: 'session', hasStarted: true, counted: undefined } as const;
  return decideFailure(missing, { ...work, receiveCount, missingForMs: nowMs - sinceMs }, policy);
}

/** Before it is announced: what `ON_REMOVED` asks for must not be forgotten. Without the note it is tried again. */
async function noteRemoved(
  { noteRemoved, bestEffort, clock }: ConsumerContext,
  unit: SessionUnit,
  missing: JobError,
): Promise<void> {
  const removed = { session: toSession(unit), removedMs: clock.nowMs() };
  const isNoted = await bestEffort('note-removed', async () => {
    await noteRemoved(removed);
    return true;
  });
  if (!isNoted) throw missing;
}

/** False where no consumer knows of a record, or each was sent its removal: then it is not counted as one in a row. */
function isNews(replaces: StoredLatest | null): boolean {
  return replaces !== null && !(replaces.latest.kind === 'conversation.removed' && replaces.latest.announced);
}

function logSkipped({ telemetry }: ConsumerContext, { websiteId, sessionId, messages }: SessionUnit): void {
  for (const { message } of messages) {
    const { messageId } = message;
    telemetry.emit({ name: 'job-skipped', reason: 'not-found', messageId, websiteId, sessionId });
  }
}
