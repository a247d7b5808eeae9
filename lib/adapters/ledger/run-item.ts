import { parseSessionId, parseWebsiteId, type SessionRef, toSessionKey } from '../../core/ids.ts';
import { clipReason } from '../../core/run/clip-reason.ts';
import { isRunOutcome, isRunStage, type Run } from '../../core/run/run.ts';
import { type LedgerItem, type LedgerKey, readNumber } from './ledger-table.ts';

/** Runs are kept with their session; those of a message that nobody could read, with the message. */
export function toRunKey({ session, messageId, startedMs, receiveCount }: Run): LedgerKey {
  return {
    pk: toRunOwner(session ?? messageId),
    sk: `${RUN_PREFIX}${String(startedMs).padStart(TIME_DIGITS, '0')}:${messageId}:${receiveCount}`,
  };
}

/** Beginning of the sort key of a run. What follows begins with the time, so that runs sort as they started. */
export const RUN_PREFIX = 'run:';

// Epoch milliseconds up to the year 2286.
const TIME_DIGITS = 13;

export function toRunOwner(owner: SessionRef | string): string {
  return typeof owner === 'string' ? `message:${owner}` : `session:${toSessionKey(owner)}`;
}

/** The attributes of a run beside its key. */
export function toRunItem(run: Run): LedgerItem {
  const { session, reason, status, ...rest } = run;
  const flat = {
    ...rest,
    ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
    ...(reason !== undefined && { reason: clipReason(reason) }),
    ...(status !== undefined && { httpStatus: status }),
  };
  return Object.fromEntries(
    Object.entries(flat)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'number' ? { N: String(value) } : { S: value }]),
  );
}

/** What an item says, or undefined where it is no run: another version's, or one that somebody has edited. */
export function toRun(item: LedgerItem): Run | undefined {
  try {
    return { ...readWhat(item), ...readCounts(item), ...readFailure(item) };
  } catch {
    return undefined;
  }
}

function readWhat(item: LedgerItem) {
  const outcome = readText(item, 'outcome');
  if (!isRunOutcome(outcome)) throw new TypeError('outcome');
  return {
    session: readSession(item),
    messageId: readText(item, 'messageId'),
    requestId: readText(item, 'requestId'),
    outcome,
  };
}

function readSession({ websiteId, sessionId }: LedgerItem): SessionRef | undefined {
  if (websiteId === undefined && sessionId === undefined) return undefined;
  const session = { websiteId: parseWebsiteId(websiteId?.S), sessionId: parseSessionId(sessionId?.S) };
  if (!session.websiteId || !session.sessionId) throw new TypeError('session');
  return { websiteId: session.websiteId, sessionId: session.sessionId };
}

function readCounts(item: LedgerItem) {
  return {
    startedMs: readNumber(item.startedMs),
    durationMs: readNumber(item.durationMs),
    receiveCount: readNumber(item.receiveCount),
    attempt: readNumber(item.attempt),
    apiCalls: readNumber(item.apiCalls),
  };
}

function readFailure(item: LedgerItem): Pick<Run, 'stage' | 'code' | 'status' | 'reason' | 'delaySeconds'> {
  const stage = item.stage && readText(item, 'stage');
  if (stage !== undefined && !isRunStage(stage)) throw new TypeError('stage');
  return {
    ...(stage !== undefined && { stage }),
    ...(item.code && { code: readText(item, 'code') }),
    ...(item.httpStatus && { status: readNumber(item.httpStatus) }),
    ...(item.reason && { reason: readText(item, 'reason') }),
    ...(item.delaySeconds && { delaySeconds: readNumber(item.delaySeconds) }),
  };
}

function readText(item: LedgerItem, name: string): string {
  const text = item[name]?.S;
  if (text === undefined) throw new TypeError(name);
  return text;
}
