import type { Breaker } from '../breaker/breaker.ts';
import type { Clock } from '../clock.ts';
import { coversLatestMessage, type FetchConversation } from '../crisp/conversation.ts';
import type { FetchedConversation } from '../crisp/paging.ts';
import { JobError, toJobError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import type { MessageNotes } from '../ledger/message-notes.ts';
import type { BestEffort } from '../ledger/table.ts';
import type { AnnounceRecord } from '../record/announce.ts';
import type { RecordArchive } from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { ConfirmRemoval } from './removal.ts';
import { toHeldSeconds } from './retry.ts';
import type { DeferMessage, HandleFailure } from './settle.ts';
import {
  ACKNOWLEDGED,
  type DecodedMessage,
  type RecalledFailure,
  type RefreshOptions,
  type RefreshResult,
  type SessionUnit,
  type SettledMessage,
} from './unit.ts';

interface RefreshUnitDependencies {
  readonly clock: Clock;
  readonly breaker: Breaker;
  readonly refreshSession: RefreshSession;
  readonly deferMessage: DeferMessage;
  readonly handleFailure: HandleFailure;
  readonly telemetry: Telemetry;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A message that is to be tried. */
type LiveMessage = DecodedMessage & Pick<RecalledFailure, 'attempt'>;

/** The messages of a session that are to be tried: at least one. */
interface LiveUnit extends SessionRef {
  readonly messages: readonly LiveMessage[];
}

export type RefreshUnit = (unit: LiveUnit, deadlineMs: number) => Promise<SettledMessage[]>;

type Refreshed = { readonly result: RefreshResult } | { readonly thrown: unknown };

/**
 * Refreshes a session once for all of its messages, which share what comes of it. Nothing is asked of Crisp while the
 * breaker holds. Never throws.
 */
export function createRefreshUnit(dependencies: RefreshUnitDependencies): RefreshUnit {
  const { clock, breaker, refreshSession, deferMessage, handleFailure, telemetry, random } = dependencies;

  return async (unit, deadlineMs) => {
    if ((await breaker.holding()) !== undefined) return hold(unit, { reason: 'breaker_open', apiCalls: 0 });

    let apiCalls = 0;
    const onRequest = () => {
      apiCalls += 1;
    };
    const deadline = startDeadline(clock, deadlineMs);
    try {
      const refreshed = await refresh(unit, { signal: deadline.signal, onRequest });
      return 'result' in refreshed
        ? await settle(unit, refreshed.result, apiCalls)
        : await fail(unit, refreshed.thrown, { apiCalls, signal: deadline.signal });
    } finally {
      deadline.clear();
    }
  };

  async function refresh(
    unit: LiveUnit,
    options: { signal: AbortSignal; onRequest: () => void },
  ): Promise<Refreshed> {
    try {
      options.signal.throwIfAborted();
      return { result: await refreshSession(unit, options) };
    } catch (thrown) {
      return { thrown };
    }
  }

  async function settle(unit: LiveUnit, result: RefreshResult, apiCalls: number): Promise<SettledMessage[]> {
    switch (result.outcome) {
      case 'held':
        return hold(unit, { reason: result.reason, apiCalls });
      case 'deferred':
        return Promise.all(
          unit.messages.map((each) => deferMessage(each, { ...result, attempt: each.attempt, apiCalls })),
        );
      case 'emitted':
      case 'unchanged':
        // A removal proves nothing of the kind: a Crisp that has lost everything answers like that, too.
        await breaker.noteSuccess(toSession(unit));
        return acknowledge(unit, result.outcome, apiCalls);
      case 'removed':
      case 'skipped':
        return acknowledge(unit, result.outcome, apiCalls);
    }
  }

  function hold(unit: LiveUnit, end: { reason: string; apiCalls: number }): Promise<SettledMessage[]> {
    return Promise.all(
      unit.messages.map((each) => {
        const { attempt, message } = each;
        const delaySeconds = toHeldSeconds(message.receiveCount, random);
        return deferMessage(each, { outcome: 'held', delaySeconds, attempt, ...end });
      }),
    );
  }

  async function fail(unit: LiveUnit, thrown: unknown, run: { apiCalls: number; signal: AbortSignal }) {
    const error = toJobError(thrown);
    const { apiCalls, signal } = run;
    const session = toSession(unit);
    const receiveCount = Math.max(...unit.messages.map(({ message }) => message.receiveCount));
    const blame = await breaker.judge(session, { error, receiveCount, signal });
    return Promise.all(
      unit.messages.map(({ message, attempt }) =>
        handleFailure(message, { session, error, blame, attempt, apiCalls }),
      ),
    );
  }

  function acknowledge(
    { messages, websiteId, sessionId }: LiveUnit,
    outcome: 'emitted' | 'unchanged' | 'removed' | 'skipped',
    apiCalls: number,
  ): SettledMessage[] {
    return messages.map(({ message, attempt }) => {
      telemetry.emit({ name: 'job-acknowledged', messageId: message.messageId, websiteId, sessionId });
      return { message, outcome: ACKNOWLEDGED, end: { outcome, attempt, apiCalls } };
    });
  }
}

function toSession({ websiteId, sessionId }: SessionRef): SessionRef {
  return { websiteId, sessionId };
}

/** How often a message is put off because Crisp's answer lacks the newest message; then it is announced as it is. */
const MAX_STALE_READS = 3;

/** Crisp answers from a cache of unknown age: the wait grows with each stale read. */
const STALE_READ_DELAY_SECONDS = 10;

interface RefreshSessionDependencies {
  readonly clock: Clock;
  readonly archive: Pick<RecordArchive, 'getLatest'>;
  readonly notes: MessageNotes;
  readonly bestEffort: BestEffort;
  readonly fetchConversation: FetchConversation;
  readonly announceRecord: AnnounceRecord;
  readonly confirmRemoval: ConfirmRemoval;
}

export type RefreshSession = (unit: SessionUnit, options: RefreshOptions) => Promise<RefreshResult>;

/**
 * Brings a session's record up to date: fetch, archive, announce. Resolves only when all of it is durable. The whole
 * conversation is fetched in either mode, for now: a full fetch serves an incremental job as well.
 */
export function createRefreshSession(dependencies: RefreshSessionDependencies): RefreshSession {
  const { clock, archive, notes, bestEffort, fetchConversation, announceRecord, confirmRemoval } =
    dependencies;

  return async (unit, options) => {
    // Before the fetch, so that a run which another one overtakes cannot pass older content off as newer.
    const replaces = (await archive.getLatest(unit)) ?? null;
    let fetched: FetchedConversation;
    try {
      fetched = await fetchConversation(unit, options);
    } catch (thrown) {
      if (thrown instanceof JobError && thrown.disposition === 'missing')
        return confirmRemoval(unit, { ...options, missing: thrown, replaces });
      throw thrown;
    }

    await takeBackAbsence(unit);
    const staleReads = await countStaleReads(unit, fetched);
    if (staleReads > 0 && staleReads <= MAX_STALE_READS) {
      return {
        outcome: 'deferred',
        reason: 'stale_read',
        delaySeconds: STALE_READ_DELAY_SECONDS * staleReads,
      };
    }
    const absorbed = unit.messages.length - 1;
    const { outcome } = await announceRecord(fetched, { mode: 'full', absorbed, replaces });
    return { outcome };
  };

  /** Two looks that found nothing confirm a removal only where none in between found the conversation. */
  async function takeBackAbsence({ messages: [oldest] }: SessionUnit): Promise<void> {
    // Received for the first time, a message has no past, and most are: they cost the ledger nothing.
    if (!oldest || oldest.message.receiveCount === 1) return;
    const { messageId } = oldest.message;
    await bestEffort('clear-absence', () => notes.clearAbsence(messageId, clock.nowMs()));
  }

  /** 0 where the newest known message is there. Without the ledger, the receives count in place of the reads. */
  async function countStaleReads(unit: SessionUnit, fetched: FetchedConversation): Promise<number> {
    if (coversLatestMessage(fetched.conversation, fetched.messages) !== false) return 0;
    // The oldest message: SQS hands it out again together with ever newer ones, which have not been put off yet.
    const [oldest] = unit.messages;
    if (!oldest) return 0;
    const { messageId, receiveCount } = oldest.message;
    const counted = await bestEffort('count-stale-read', () =>
      notes.countStaleRead(messageId, clock.nowMs()),
    );
    return counted ?? receiveCount;
  }
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
  const cleared = new AbortController();
  const remainingMs = deadlineMs - DEADLINE_RESERVE_MS - clock.nowMs();
  const abort = () => reached.abort(new JobError('deadline_reached'));
  if (remainingMs <= 0) abort();
  else clock.sleep(remainingMs, cleared.signal).then(abort, () => undefined);
  return { signal: reached.signal, clear: () => cleared.abort() };
}
