import type { Look, LookNotes } from '../ledger/message-notes.ts';
import { MAX_BATCH_ENTRIES } from '../queue/coalesce.ts';
import type { DeadLetterContext } from './context.ts';
import type { DeadLetter, ReceivedDeadLetter } from './dead-letter.ts';
import { explainDeadLetters } from './explain.ts';
import { createHiddenMessages, type HeldMessage } from './queue.ts';
import { explainUnseen, toPeekSeconds, type Unseen } from './unseen.ts';

/** What a look needs. */
export type LookContext = Omit<
  DeadLetterContext,
  'queues' | 'moveTasks' | 'enqueue' | 'redriveNotes' | 'quota'
>;

interface PeekOptions {
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
type OnPage = (
  letters: readonly PeekedDeadLetter[],
) => Promise<{ readonly gone?: readonly string[]; readonly isEnough?: boolean } | undefined>;

export interface PeekReport {
  readonly startedMs: number;
  /** In the queue when it began, visible or in flight, as far as SQS tells. */
  readonly totalAtStart: number;
  readonly seen: number;
  /**
   * `end`: no further message could be had. `time`: the messages would soon be visible again, so that some would be seen
   * twice. `enough`: the caller wanted no more.
   */
  readonly ended: 'end' | 'max' | 'time' | 'enough' | 'interrupted';
  /** What was in the queue and was not seen, and why. */
  readonly unseen: Unseen;
  /** Why the ledger could not be asked for reasons. */
  readonly ledgerFailure: unknown;
}

// What is left of the visibility when the look ends: the last page is still acted upon.
const RESERVE_MS = 30_000;
// Beyond so many messages a look at each session once more costs more than it finds.
const MOST_LOOKED_AT_AGAIN = 200;

interface Page {
  readonly page: readonly ReceivedDeadLetter[];
  /** What of it is hidden now. */
  readonly held: readonly ReceivedDeadLetter[];
}

/**
 * Goes through the dead-letter queue page by page. SQS shows a queue only by receiving from it, so messages are hidden
 * while the look lasts and count one receive more; at its end all are shown again, also after an error or an interruption.
 *
 * SQS locks a session while a message of it is hidden, so a page of ten can cut one off: its first messages are in the
 * page, and the rest waits behind them. Those sessions are shown again and received anew, in passes of their own, until
 * nothing new comes. Of one session SQS hands out ten messages at most.
 */
export async function peekDeadLetters(
  context: LookContext,
  options: PeekOptions,
  onPage: OnPage,
): Promise<PeekReport> {
  const { queue, queueReader, lookNotes, clock } = context;
  const { max = Number.POSITIVE_INFINITY, ratePerSecond, signal } = options;
  const { visible, inFlight, retentionSeconds } = await queueReader.describe();
  const totalAtStart = visible + inFlight;
  const startedMs = clock.nowMs();
  const visibilitySeconds = toPeekSeconds({ messages: Math.min(totalAtStart, max), ratePerSecond });
  // All are visible again at one moment, so that it can be told to others.
  const hiddenUntilMs = startedMs + visibilitySeconds * 1000;
  const hidden = createHiddenMessages(queue);
  const fullGroups = new Set<string>();
  // Ids of messages that were made visible again to be received anew; of the others none comes twice.
  const shown = new Set<string>();
  let [seen, seenOfStart] = [0, 0];
  let ended: PeekReport['ended'] | undefined;
  let ledgerFailure: unknown;

  /** Shows letters to the caller; returns the handles of those that are gone. */
  async function show(received: readonly ReceivedDeadLetter[]): Promise<readonly string[]> {
    const explained = await explainDeadLetters(context, received, retentionSeconds);
    ledgerFailure ??= explained.ledgerFailure;
    const letters = explained.letters.map((letter, index) => ({
      ...letter,
      receiptHandle: received[index]?.receiptHandle ?? '',
    }));
    const answer = await onPage(letters);
    if (answer?.isEnough) ended = 'enough';
    return answer?.gone ?? [];
  }

  function mayGoOn(): boolean {
    if (signal.aborted) ended ??= 'interrupted';
    else if (clock.nowMs() >= hiddenUntilMs - RESERVE_MS) ended ??= 'time';
    else if (seen >= max) ended ??= 'max';
    return ended === undefined;
  }

  /** Receives a page, shows what of it was not shown before; undefined where nothing came. */
  async function takePage(): Promise<Page | undefined> {
    const page = await queue.receive(Math.ceil((hiddenUntilMs - clock.nowMs()) / 1000));
    if (page.length === 0) return undefined;
    const fresh = page.filter(({ messageId }) => !shown.has(messageId)).slice(0, max - seen);
    seen += fresh.length;
    seenOfStart += fresh.filter(({ sentMs = 0 }) => sentMs <= startedMs).length;
    let held: readonly ReceivedDeadLetter[] = page;
    try {
      const gone = fresh.length > 0 ? await show(fresh) : [];
      held = page.filter(({ receiptHandle }) => !gone.includes(receiptHandle));
    } finally {
      hidden.add(held);
    }
    return { page, held };
  }

  /** Receives until nothing more comes; returns what is hidden of the sessions that pages may have cut off. */
  async function takeAll(): Promise<readonly HeldMessage[]> {
    const cutOff: HeldMessage[] = [];
    while (mayGoOn()) {
      const taken = await takePage();
      if (!taken) break;
      const { page, held } = taken;
      const last = page.length < MAX_BATCH_ENTRIES ? undefined : page.at(-1)?.group;
      const cut = last === undefined ? [] : held.filter(({ group }) => group === last);
      if (cut.length === MAX_BATCH_ENTRIES) fullGroups.add(last ?? '');
      else cutOff.push(...cut);
    }
    return cutOff;
  }

  async function showAgain(letters: readonly HeldMessage[]): Promise<void> {
    for (const { messageId } of letters) shown.add(messageId);
    await queue.restore(letters.map(({ receiptHandle }) => receiptHandle));
    hidden.forget(letters.length);
  }

  async function isSomethingLeft(): Promise<boolean> {
    return totalAtStart > seenOfStart || (await count()).visible > 0;
  }

  async function look(): Promise<void> {
    let cutOff = await takeAll();
    while (cutOff.length > 0 && (await isSomethingLeft()) && mayGoOn()) {
      await showAgain(cutOff);
      cutOff = await takeAll();
    }
    // By the count of the start alone: SQS may go on counting as visible what this look hides.
    if (totalAtStart > seenOfStart && hidden.count() <= MOST_LOOKED_AT_AGAIN) await lookAgainOneByOne();
  }

  /** For a queue that cuts sessions off in the midst of a page, or that SQS has not said all of. */
  async function lookAgainOneByOne(): Promise<void> {
    const sessions = Map.groupBy(hidden.list(), ({ group = '' }) => group);
    for (const [group, letters] of sessions) {
      if (group === '' || fullGroups.has(group) || !mayGoOn()) continue;
      if ((await count()).visible === 0) return;
      await showAgain(letters);
      const taken = await takePage();
      if (taken?.held.length === MAX_BATCH_ENTRIES) fullGroups.add(group);
    }
  }

  /** What SQS says now; where it does not answer, what follows from the start. */
  async function count() {
    const held = hidden.count();
    return queueReader
      .describe()
      .catch(() => ({ visible: Math.max(0, visible - held), inFlight: inFlight + held }));
  }

  async function report(): Promise<PeekReport> {
    const end = ended ?? 'end';
    const unseen = await explainUnseen({
      isWhole: end === 'end',
      atStart: { visible, inFlight },
      seenOfStart,
      atEnd: await count(),
      held: hidden.count(),
      fullGroups: [...fullGroups],
      readOpenLooks: () => note.readOthers(clock.nowMs()),
      nowMs: clock.nowMs(),
    });
    return { startedMs, totalAtStart, seen, ended: end, unseen, ledgerFailure };
  }

  const note = noteLook(lookNotes, { startedMs, untilMs: hiddenUntilMs });
  try {
    await look();
    return await report();
  } finally {
    await hidden.restoreAll();
    await note.end();
  }
}

/** Writes down that a look hides messages, so that after a kill others know until when. Best effort: nothing here rejects. */
function noteLook(notes: LookNotes, look: Look) {
  const own = notes.begin(look).catch(() => undefined);
  return {
    async end(): Promise<void> {
      const id = await own;
      if (id !== undefined) await notes.end(id).catch(() => undefined);
    },
    async readOthers(nowMs: number): Promise<readonly Look[]> {
      const id = await own;
      const open = await notes.open(nowMs).catch(() => []);
      return open.filter((other) => other.id !== id);
    },
  };
}
