import type { Clock } from '../clock.ts';
import type { FetchedConversation } from '../crisp/conversation.ts';
import { coversLatestMessage } from '../crisp/conversation.ts';
import { JobError, toJobError } from '../errors.ts';
import { parsePeopleId, type SessionRef } from '../ids.ts';
import type { PersonsSession } from '../ledger/people-notes.ts';
import type { StoredLatest } from '../record/archive.ts';
import { readEarlierFetch } from '../record/earlier.ts';
import {
  ACKNOWLEDGED,
  type ConsumerContext,
  type DecodedMessage,
  type RefreshOptions,
  type RefreshResult,
  type SessionUnit,
  type SettledMessage,
  toSession,
} from './context.ts';
import { asksForAll, countAbsorbed, isCovered, isSuperseded, mayBeSuperseded, toRestMs } from './covered.ts';
import { confirmRemoval } from './removal.ts';
import { toHeldSeconds } from './retry.ts';
import { deferMessage, leaseBatch, type RecalledFailure, settleFailure } from './settle.ts';

/** A message that is to be tried. */
type LiveMessage = DecodedMessage & Pick<RecalledFailure, 'attempt'>;

/** The messages of a session that are to be tried: at least one. */
interface LiveUnit extends SessionRef {
  readonly messages: readonly LiveMessage[];
}

export interface RefreshTime {
  /** When Lambda ends the invocation, epoch ms. */
  readonly deadlineMs: number;
  /** True where other sessions are handled beside this one; all of them are leased already. */
  readonly sharesBatch: boolean;
}

/**
 * Refreshes a session once for all of its messages, which share the outcome. Makes no call to Crisp while the breaker is
 * open. Never throws.
 */
export async function refreshUnit(
  context: ConsumerContext,
  unit: LiveUnit,
  { deadlineMs, sharesBatch }: RefreshTime,
): Promise<SettledMessage[]> {
  if ((await context.breaker.holding()) !== undefined)
    return hold(context, unit, { reason: 'breaker_open', apiCalls: 0 });

  let apiCalls = 0;
  const onRequest = () => {
    apiCalls += 1;
  };
  const deadline = startDeadline(context.clock, deadlineMs);
  try {
    const refreshed = await tryRefresh(context, unit, {
      signal: deadline.signal,
      onRequest,
      ...(!sharesBatch && { lease: () => leaseBatch(context, [unit], deadlineMs) }),
    });
    return 'result' in refreshed
      ? await settleResult(context, unit, { result: refreshed.result, apiCalls })
      : await settleThrown(context, unit, { thrown: refreshed.thrown, apiCalls, signal: deadline.signal });
  } finally {
    deadline.clear();
  }
}

async function tryRefresh(
  context: ConsumerContext,
  unit: LiveUnit,
  options: RefreshOptions,
): Promise<{ readonly result: RefreshResult } | { readonly thrown: unknown }> {
  try {
    options.signal.throwIfAborted();
    return { result: await refreshSession(context, unit, options) };
  } catch (thrown) {
    return { thrown };
  }
}

async function settleResult(
  context: ConsumerContext,
  unit: LiveUnit,
  { result, apiCalls }: { result: RefreshResult; apiCalls: number },
): Promise<SettledMessage[]> {
  switch (result.outcome) {
    case 'held':
      return hold(context, unit, { reason: result.reason, apiCalls });
    case 'deferred':
      return Promise.all(
        unit.messages.map((each) =>
          deferMessage(context, each, { ...result, attempt: each.attempt, apiCalls }),
        ),
      );
    case 'emitted':
    case 'unchanged':
      // Not for a removal: a Crisp that has lost everything answers like that, too.
      await context.breaker.noteSuccess(toSession(unit));
      context.quota.noteSaved('coalesced', unit.messages.length - 1);
      return acknowledge(context, unit, { outcome: result.outcome, apiCalls }).map((settled) => ({
        ...settled,
        person: result.person,
      }));
    case 'covered':
    case 'superseded':
      context.quota.noteSaved(result.outcome, 1);
      return acknowledge(context, unit, { outcome: result.outcome, apiCalls });
    case 'removed':
    case 'skipped':
      return acknowledge(context, unit, { outcome: result.outcome, apiCalls });
  }
}

function hold(
  context: ConsumerContext,
  unit: LiveUnit,
  end: { reason: string; apiCalls: number },
): Promise<SettledMessage[]> {
  return Promise.all(
    unit.messages.map((each) => {
      const { attempt, message } = each;
      const delaySeconds = toHeldSeconds(message.receiveCount, context.policy.random);
      return deferMessage(context, each, { outcome: 'held', delaySeconds, attempt, ...end });
    }),
  );
}

async function settleThrown(
  context: ConsumerContext,
  unit: LiveUnit,
  { thrown, apiCalls, signal }: { thrown: unknown; apiCalls: number; signal: AbortSignal },
): Promise<SettledMessage[]> {
  const error = toJobError(thrown);
  const session = toSession(unit);
  const receiveCount = Math.max(...unit.messages.map(({ message }) => message.receiveCount));
  const blame = await context.breaker.judge(session, { error, receiveCount, signal });
  return Promise.all(
    unit.messages.map(({ message, attempt }) =>
      settleFailure(context, message, { session, error, blame, attempt, apiCalls }),
    ),
  );
}

function acknowledge(
  { telemetry }: ConsumerContext,
  { messages, websiteId, sessionId }: LiveUnit,
  end: { outcome: Exclude<RefreshResult['outcome'], 'deferred' | 'held'>; apiCalls: number },
): SettledMessage[] {
  const name = toEventName(end.outcome);
  return messages.map(({ message, attempt }) => {
    telemetry.emit({ name, messageId: message.messageId, websiteId, sessionId });
    return { message, outcome: ACKNOWLEDGED, end: { ...end, attempt } };
  });
}

function toEventName(outcome: RefreshResult['outcome']) {
  if (outcome === 'covered') return 'job-covered';
  return outcome === 'superseded' ? 'job-superseded' : 'job-acknowledged';
}

/** How often a message is put off because Crisp's answer lacks the newest message; then it is announced as it is. */
const MAX_STALE_READS = 3;

/** Crisp answers from a cache of unknown age: the wait grows with each stale read. */
const STALE_READ_DELAY_SECONDS = 10;

/**
 * Brings a session's record up to date, unless it is already: fetch, archive, announce. Resolves only when all of it is
 * durable. One message that asks for all is enough to read all; where none does, what the archive has is built on.
 */
export async function refreshSession(
  context: ConsumerContext,
  unit: SessionUnit,
  options: RefreshOptions,
): Promise<RefreshResult> {
  // Before the fetch, so that a run which another one overtakes cannot announce older content as newer.
  const replaces = (await context.archive.getLatest(unit)) ?? null;
  if (isCovered(replaces, unit)) return { outcome: 'covered' };
  const maxWaitMs = context.policy.maxWaitSeconds * 1000;
  const quiet = { maxWaitMs, nowMs: context.clock.nowMs() };
  const activity = mayBeSuperseded(replaces, quiet) ? await readActivity(context, unit) : undefined;
  if (activity && isSuperseded(replaces, unit, activity, quiet)) return { outcome: 'superseded' };
  const restMs = toRestMs(replaces, unit, activity?.runs ?? [], quiet);
  if (restMs > 0)
    return { outcome: 'deferred', reason: 'fetched_lately', delaySeconds: Math.ceil(restMs / 1000) };

  if (!isProven(replaces, unit)) await options.lease?.();
  const startedMs = context.clock.nowMs();
  let fetched: FetchedConversation;
  try {
    const readEarlier = asksForAll(replaces, unit, startedMs)
      ? undefined
      : () => readEarlierFetch(context, unit, replaces);
    fetched = await context.fetchConversation(unit, { ...options, readEarlier });
  } catch (thrown) {
    if (thrown instanceof JobError && thrown.disposition === 'missing')
      return confirmRemoval(context, unit, { ...options, missing: thrown, startedMs, replaces });
    throw thrown;
  }

  await clearAbsence(context, unit);
  const staleReads = await countStaleReads(context, unit, fetched);
  if (staleReads > 0 && staleReads <= MAX_STALE_READS) {
    const delaySeconds = STALE_READ_DELAY_SECONDS * staleReads;
    return { outcome: 'deferred', reason: 'stale_read', delaySeconds };
  }
  const absorbed = unit.messages.length - 1 + (activity ? countAbsorbed(activity) : 0);
  const { mode } = fetched;
  if (fetched.profileCached) context.quota.noteSaved('cached', 1);
  const { outcome } = await context.announceRecord(fetched, { mode, absorbed, replaces });
  return { outcome, person: toPersonsSession(fetched) };
}

/** So that a change of the person's profile finds the conversation. Undefined for an anonymous visitor. */
function toPersonsSession({
  conversation,
  startedMs,
  ...ids
}: FetchedConversation): PersonsSession | undefined {
  const peopleId = parsePeopleId(conversation.people_id);
  if (peopleId === undefined) return undefined;
  const { updated_at: updatedMs } = conversation;
  return { ...toSession(ids), peopleId, updatedMs: typeof updatedMs === 'number' ? updatedMs : startedMs };
}

/** True of a session that was fetched before and is received for the first time: it does not kill the instance. */
function isProven(replaces: StoredLatest | null, { messages }: SessionUnit): boolean {
  return replaces?.latest.announced === true && messages.every(({ message }) => message.receiveCount === 1);
}

function readActivity({ sessions, bestEffort }: ConsumerContext, unit: SessionUnit) {
  return bestEffort('read-activity', () => sessions.readActivity(toSession(unit)));
}

/** Two looks that found nothing confirm a removal only where none in between found the conversation. */
async function clearAbsence(
  { notes, bestEffort, clock }: ConsumerContext,
  { messages: [oldest] }: SessionUnit,
): Promise<void> {
  // Most messages are received for the first time and have no notes: they cost the ledger nothing.
  if (!oldest || oldest.message.receiveCount === 1) return;
  const { messageId } = oldest.message;
  await bestEffort('clear-absence', () => notes.clearAbsence(messageId, clock.nowMs()));
}

/** 0 where the newest known message is there. Without the ledger, the receives count in place of the reads. */
async function countStaleReads(
  { notes, bestEffort, clock }: ConsumerContext,
  // The oldest message: SQS hands it out again together with ever newer ones, which have not been put off yet.
  { messages: [oldest] }: SessionUnit,
  fetched: FetchedConversation,
): Promise<number> {
  if (!oldest || coversLatestMessage(fetched.conversation, fetched.messages) !== false) return 0;
  const { messageId, receiveCount } = oldest.message;
  const counted = await bestEffort('count-stale-read', () => notes.countStaleRead(messageId, clock.nowMs()));
  return counted ?? receiveCount;
}

/**
 * No fetch is started, and a running one is given up, this long before the function's timeout: enough to announce what
 * was fetched (archive, topic) and to hand the rest back.
 */
export const DEADLINE_RESERVE_MS = 15_000;

interface Deadline {
  /** Aborted with `deadline_reached` when the reserve begins; already so where it has begun. */
  readonly signal: AbortSignal;
  /** Stops its timer. */
  clear(): void;
}

/** Watches for the moment at which the reserve before `deadlineMs` (epoch ms) begins. */
function startDeadline(clock: Clock, deadlineMs: number): Deadline {
  const reached = new AbortController();
  const remainingMs = deadlineMs - DEADLINE_RESERVE_MS - clock.nowMs();
  const abort = () => reached.abort(new JobError('deadline_reached'));
  if (remainingMs <= 0) abort();
  const clear = remainingMs > 0 ? clock.timer(remainingMs, abort) : () => undefined;
  return { signal: reached.signal, clear };
}
