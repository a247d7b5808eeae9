import { coversLatestMessage } from '../../core/crisp/covers-latest-message.ts';
import type { FetchedConversation } from '../../core/crisp/fetched-conversation.ts';
import { JobError } from '../../core/errors/job-error.ts';
import type { SessionUnit } from '../../core/job/session-unit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MessageNotes } from '../../ports/message-notes.ts';
import type { RecordArchive } from '../../ports/record-archive.ts';
import type { AnnounceRecord } from '../announce/announce-record.ts';
import type { BestEffort } from '../best-effort.ts';
import type { FetchConversation } from '../fetch/fetch-conversation.ts';
import type { ConfirmRemoval } from './confirm-removal.ts';
import type { RefreshResult } from './refresh-result.ts';

/** How often a message is put off because Crisp's answer lacks the newest message; then it is announced as it is. */
export const MAX_STALE_READS = 3;

/** Crisp answers from a cache of unknown age: the wait grows with each stale read. */
const STALE_READ_DELAY_SECONDS = 10;

export interface RefreshSessionDependencies {
  readonly clock: Clock;
  readonly archive: Pick<RecordArchive, 'getLatest'>;
  readonly notes: MessageNotes;
  readonly bestEffort: BestEffort;
  readonly fetchConversation: FetchConversation;
  readonly announceRecord: AnnounceRecord;
  readonly confirmRemoval: ConfirmRemoval;
}

export interface RefreshOptions {
  readonly signal: AbortSignal;
  /** Told of each request to Crisp as it is sent. */
  readonly onRequest: () => void;
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
