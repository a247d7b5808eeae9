import { type Evidence, JobError, toJobError } from '../errors.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { Row, Streak } from '../ledger/breaker-notes.ts';
import type { Blame } from '../ledger/failure-notes.ts';
import type { BreakerContext } from './context.ts';
import {
  type FailedRun,
  isControlFailure,
  isLastingRefusal,
  isLongRefusal,
  isOutage,
  isRefuted,
  REFUSED_RECEIVES_OF_AN_OUTAGE,
  toEvidence,
} from './evidence.ts';
import { findOther, repeatRoute } from './look.ts';

const NOTHING_KNOWN: Row = {
  failed: [],
  healthy: undefined,
  refuted: { sessions: [], atMs: 0 },
  quietSinceMs: undefined,
};

interface Judgement {
  readonly blame: Blame;
  /** For what the breaker opens: the run's own failure, unless the day's calls ended with a question about it. */
  readonly error: JobError;
}

/**
 * Whom a failed run's evidence blames; `outage` asks for the breaker to be opened. A question that our own budget refuses
 * was never asked, so it says nothing about Crisp: then the budget is what holds the queue.
 */
export async function judgeEvidence(
  context: BreakerContext,
  evidence: Evidence,
  session: SessionRef,
  failed: FailedRun,
): Promise<Judgement> {
  try {
    return { blame: await toBlame(context, evidence, session, failed), error: failed.error };
  } catch (thrown) {
    if (thrown instanceof JobError && isOfBudget(thrown)) return { blame: 'outage', error: thrown };
    throw thrown;
  }
}

/**
 * It takes the control call that fails too, or three different sessions in a row: one session never holds the queue for
 * longer than one look.
 */
async function toBlame(
  context: BreakerContext,
  evidence: Evidence,
  session: SessionRef,
  failed: FailedRun,
): Promise<Blame> {
  const { notes, bestEffort, clock } = context;
  if (evidence === 'none') return 'session';
  if (evidence === 'budget') return 'outage';
  const row = (await bestEffort('read-row', () => notes.readRow())) ?? NOTHING_KNOWN;
  if (isRefuted(row.refuted, toSessionKey(session), clock.nowMs()))
    return judgeRefuted(context, evidence, session, failed, row);
  switch (evidence) {
    case 'denied':
      return 'outage';
    case 'platform':
      return isOutageOf(await noteFailure(context, session)) ? 'outage' : 'session';
    case 'crisp':
      return (await isEverything(context, session, failed, row)) ? 'outage' : 'session';
    case 'refusal':
      return judgeRefusal(context, session, failed, row);
    case 'verdict':
      return judgeVerdict(context, session, failed, row);
    default:
      return evidence satisfies never;
  }
}

/** Others were served where this one failed, so it stands in no row; but Crisp may be down by now. */
async function judgeRefuted(
  context: BreakerContext,
  evidence: Evidence,
  session: SessionRef,
  failed: FailedRun,
  row: Row,
): Promise<Blame> {
  if (evidence === 'denied' || evidence === 'platform') return 'session';
  // Limits refuse some and let others pass: these may be refused by mere chance.
  const isYoungRefusal = evidence === 'refusal' && failed.receiveCount < REFUSED_RECEIVES_OF_AN_OUTAGE;
  const other = isYoungRefusal ? 'unknown' : await askOther(context, session, failed, row);
  if (other === 'healthy') return 'session';
  if (await isControlCallFailing(context, session, failed)) return 'outage';
  if (isYoungRefusal) return 'refusal';
  return evidence === 'verdict' ? 'unconfirmed' : 'session';
}

async function isEverything(
  context: BreakerContext,
  session: SessionRef,
  failed: FailedRun,
  row: Row,
): Promise<boolean> {
  const isInARow = isOutageOf(await noteFailure(context, session));
  if (!isInARow && !(await isControlCallFailing(context, session, failed))) return false;
  // One website of several may be in trouble by itself: then another one's session is served where this one is not.
  const isOfAnother = row.healthy !== undefined && row.healthy.websiteId !== session.websiteId;
  return !(isOfAnother && (await askOther(context, session, failed, row)) === 'healthy');
}

/** A refusal spends nothing, until others have been served for as long as half of the message's receives last. */
async function judgeRefusal(
  context: BreakerContext,
  session: SessionRef,
  failed: FailedRun,
  row: Row,
): Promise<Blame> {
  const { error, receiveCount } = failed;
  if (isLongRefusal(error)) {
    if (await isEverything(context, session, failed, row)) return 'outage';
  } else {
    const streak = await noteFailure(context, session);
    if (streak && isLastingRefusal(streak, context.clock.nowMs())) return 'outage';
  }
  if (receiveCount < REFUSED_RECEIVES_OF_AN_OUTAGE) return 'refusal';
  return (await askOther(context, session, failed, row)) === 'healthy' ? 'session' : 'outage';
}

/** Believed of this session alone where a healthy one gets what this one was denied. */
async function judgeVerdict(
  context: BreakerContext,
  session: SessionRef,
  failed: FailedRun,
  row: Row,
): Promise<Blame> {
  const other = await askOther(context, session, failed, row);
  if (other === 'healthy') return 'session';
  if (other === 'failing' && row.healthy) await noteFailure(context, row.healthy);
  return (await isEverything(context, session, failed, row)) ? 'outage' : 'unconfirmed';
}

/** The newest healthy session, asked on the route that failed. */
async function askOther(
  context: BreakerContext,
  session: SessionRef,
  { error }: FailedRun,
  row: Row,
): Promise<'healthy' | 'failing' | 'unknown'> {
  const other = findOther(row, session);
  if (other === undefined || error.route === undefined) return 'unknown';
  const result = await repeatRoute(context.crisp, error.route, other);
  const isRefused = result instanceof JobError && isOfBudget(result);
  const isUnknown = result === 'not-asked' || result?.code === 'deadline_reached' || isRefused;
  const outcome = isUnknown ? 'unknown' : result === undefined ? 'healthy' : 'failing';
  context.telemetry.emit({ name: 'breaker-asked', ...other, code: error.code, route: error.route, outcome });
  if (isRefused) throw result;
  return outcome;
}

function noteFailure(context: BreakerContext, session: SessionRef): Promise<Streak | undefined> {
  const { bestEffort, notes, clock } = context;
  return bestEffort('note-failure', () => notes.noteFailure(session, clock.nowMs()));
}

/**
 * The cheapest request there is. An answer of any kind says that Crisp works and that the token does, but for the very
 * verdict that the session got. A time that was up says nothing about Crisp.
 */
async function isControlCallFailing(
  context: BreakerContext,
  session: SessionRef,
  { error, signal }: FailedRun,
): Promise<boolean> {
  const failure = await toFailure(context.crisp.getWebsite(session.websiteId, signal));
  if (failure === undefined) return false;
  if (isOfBudget(failure)) throw failure;
  const isSame = toEvidence(error) === 'verdict' && failure.reason === error.reason;
  return isSame || isControlFailure(failure);
}

function isOfBudget(error: JobError): boolean {
  return toEvidence(error) === 'budget';
}

function isOutageOf(streak: Streak | undefined): boolean {
  return streak !== undefined && isOutage(streak);
}

async function toFailure(answer: Promise<unknown>): Promise<JobError | undefined> {
  try {
    await answer;
    return undefined;
  } catch (thrown) {
    return toJobError(thrown);
  }
}
