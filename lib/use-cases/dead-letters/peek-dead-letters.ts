import type { DeadLetter, ReceivedDeadLetter } from '../../core/dead-letter/dead-letter.ts';
import { toPeekSeconds } from '../../core/dead-letter/peek-seconds.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeadLetterQueue } from '../../ports/dead-letter-queue.ts';
import type { QueueReader } from '../../ports/queue-reader.ts';
import type { ExplainDeadLetters } from './explain-dead-letters.ts';
import { createHiddenMessages } from './hidden-messages.ts';

export interface PeekDeadLettersDependencies {
  readonly queue: DeadLetterQueue;
  readonly queueReader: QueueReader;
  readonly explain: ExplainDeadLetters;
  readonly clock: Clock;
}

export interface PeekOptions {
  /** The most messages to look at; undefined: all. */
  readonly max?: number | undefined;
  /** Messages that the caller acts upon in a second, where that is what takes the time. */
  readonly ratePerSecond?: number | undefined;
  readonly signal: AbortSignal;
}

/** A dead letter that is hidden from everybody else while it is looked at. */
export interface PeekedDeadLetter extends DeadLetter {
  readonly receiptHandle: string;
}

/** Returns the handles of messages that are gone now, and need not be shown again; `stop` ends the look. */
export type OnPage = (
  letters: readonly PeekedDeadLetter[],
) => Promise<{ readonly gone?: readonly string[]; readonly isEnough?: boolean } | undefined>;

export interface PeekReport {
  readonly startedMs: number;
  /** In the queue when it began, as far as SQS tells. */
  readonly visibleAtStart: number;
  readonly seen: number;
  /**
   * `end`: no further message could be had. `time`: the messages would soon be visible again, so that some would be seen
   * twice. `enough`: the caller wanted no more.
   */
  readonly ended: 'end' | 'max' | 'time' | 'enough' | 'interrupted';
  /** Why the ledger could not be asked for reasons. */
  readonly ledgerFailure: unknown;
}

export type PeekDeadLetters = ReturnType<typeof createPeekDeadLetters>;

// What is left of the visibility when the look ends: the last page is still acted upon.
const RESERVE_MS = 30_000;

/**
 * Goes through the dead-letter queue page by page. SQS shows a queue only by receiving from it, so messages are hidden
 * while the look lasts and count one receive more; at its end all are shown again, also after an error or an interruption.
 * Of one session at most ten messages can be seen at a time: the others wait behind them.
 */
export function createPeekDeadLetters({ queue, queueReader, explain, clock }: PeekDeadLettersDependencies) {
  return async (options: PeekOptions, onPage: OnPage): Promise<PeekReport> => {
    const { max = Number.POSITIVE_INFINITY, ratePerSecond, signal } = options;
    const { visible, retentionSeconds } = await queueReader.describe();
    const startedMs = clock.nowMs();
    const visibilitySeconds = toPeekSeconds({ messages: Math.min(visible, max), ratePerSecond });
    const endMs = startedMs + visibilitySeconds * 1000 - RESERVE_MS;
    const hidden = createHiddenMessages(queue);
    let ledgerFailure: unknown;

    /** Shows a page to the caller; what is not gone afterwards stays hidden until the end. */
    async function show(received: readonly ReceivedDeadLetter[], count: number): Promise<boolean> {
      const handles = received.map(({ receiptHandle }) => receiptHandle);
      let gone: readonly string[] = [];
      try {
        const page = received.slice(0, count);
        const explained = await explain(page, retentionSeconds);
        ledgerFailure ??= explained.ledgerFailure;
        const letters = explained.letters.map((letter, index) => ({
          ...letter,
          receiptHandle: handles[index] ?? '',
        }));
        const answer = await onPage(letters);
        gone = answer?.gone ?? [];
        return answer?.isEnough ?? false;
      } finally {
        hidden.add(handles.filter((handle) => !gone.includes(handle)));
      }
    }

    async function look(): Promise<Pick<PeekReport, 'seen' | 'ended'>> {
      for (let seen = 0; ; ) {
        if (signal.aborted) return { seen, ended: 'interrupted' };
        if (clock.nowMs() >= endMs) return { seen, ended: 'time' };
        if (seen >= max) return { seen, ended: 'max' };
        const received = await queue.receive(visibilitySeconds);
        if (received.length === 0) return { seen, ended: 'end' };
        const count = Math.min(received.length, max - seen);
        seen += count;
        if (await show(received, count)) return { seen, ended: 'enough' };
      }
    }

    try {
      const { seen, ended } = await look();
      return { startedMs, visibleAtStart: visible, seen, ended, ledgerFailure };
    } finally {
      await hidden.restoreAll();
    }
  };
}
