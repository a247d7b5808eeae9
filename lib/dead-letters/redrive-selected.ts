import { type SessionRef, toSessionKey } from '../ids.ts';
import { planFetches } from '../ledger/quota.ts';
import { createPace, type Pace } from '../queue/pace.ts';
import type { DeadLetterContext } from './context.ts';
import type { DeadLetter } from './dead-letter.ts';
import { type DeadLetterFilter, matchesFilter } from './filter.ts';
import { type PeekedDeadLetter, type PeekReport, peekDeadLetters } from './peek.ts';
import { createRedriveLimit, type RedriveLimit } from './redrive-limit.ts';

export interface RedriveSelectedOptions {
  readonly filter: DeadLetterFilter;
  /** Messages in a second. */
  readonly ratePerSecond: number;
  /** Redrives of one session within 24 hours. */
  readonly maxRedrives: number;
  /** The most messages to look at; undefined: all. */
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RedriveProgress) => void) | undefined;
  /** Hears what became of each letter that was meant. */
  readonly onLetter?: ((letter: DeadLetter, outcome: RedriveOutcome, sent?: SentLetter) => void) | undefined;
}

/** How far a redrive has come. */
export interface RedriveProgress {
  /** Messages that were moved. */
  readonly done: number;
  /** Of the messages that it was meant to look at, from 0 to 1. */
  readonly share: number;
}

/** The message that was sent for a dead letter. */
export interface SentLetter {
  readonly messageId: string;
  /** Its fetch begins then at the earliest, epoch ms. */
  readonly notBeforeMs: number;
}

type Redrivable = PeekedDeadLetter & { readonly session: SessionRef };

/** One run of a redrive. */
interface RedriveRun {
  readonly startedMs: number;
  readonly limit: RedriveLimit;
  readonly count: (outcome: RedriveOutcome, letters: readonly PeekedDeadLetter[]) => void;
  /** The messages that were sent, by the keys of their sessions. */
  readonly sent: Map<string, SentLetter>;
}

/**
 * Redrives the dead letters that a filter admits, a few at a time: enqueued as a full fetch in the current bucket, and
 * only then deleted, so that a crash between the two duplicates and never loses. What is left stays; running it again
 * goes on, and two at once share the work. Messages that come while it runs are left alone.
 */
export async function redriveSelected(
  context: DeadLetterContext,
  options: RedriveSelectedOptions,
): Promise<RedriveCounts & PeekReport> {
  const { filter, ratePerSecond, maxRedrives, max, signal, onProgress, onLetter } = options;
  const limit = createRedriveLimit(context, maxRedrives);
  const pace = createPace(ratePerSecond, context.clock);
  let counts = NOTHING_REDRIVEN;
  const sent: RedriveRun['sent'] = new Map();
  const count: RedriveRun['count'] = (outcome, letters) => {
    counts = { ...counts, [outcome]: counts[outcome] + letters.length };
    if (!onLetter) return;
    for (const letter of letters)
      onLetter(letter, outcome, letter.session && sent.get(toSessionKey(letter.session)));
  };
  const run: RedriveRun = { startedMs: context.clock.nowMs(), limit, count, sent };
  const { visible } = await context.queueReader.describe();
  const expected = Math.min(visible, max ?? visible);
  let looked = 0;

  // Once all that were named have come, nothing else needs to be hidden.
  const missing = filter.messageIds && new Set(filter.messageIds);
  const report = await peekDeadLetters(context, { max, ratePerSecond, signal }, async (letters) => {
    const gone: string[] = [];
    for (const { messageId } of letters) missing?.delete(messageId);
    const matching = letters.filter((letter) => matchesFilter(letter, filter));
    looked += letters.length - matching.length;
    for (const step of toSteps(matching, pace)) {
      // The spare calls were too few a moment ago: there is nothing to wait for.
      if (counts.postponed > 0) {
        count('postponed', step);
        continue;
      }
      if (!(await mayGoOn(pace, step.length, signal))) {
        count('interrupted', step);
        continue;
      }
      gone.push(...(await move(context, await afford(context, await choose(step, run), run), run)));
      looked += step.length;
      onProgress?.({ done: counts.moved, share: looked / Math.max(looked, expected) });
    }
    return { gone, isEnough: missing?.size === 0 };
  });
  return { ...report, ...counts, ledgerFailure: report.ledgerFailure ?? limit.failure() };
}

async function choose(
  letters: readonly PeekedDeadLetter[],
  { startedMs, limit, count }: RedriveRun,
): Promise<readonly Redrivable[]> {
  const chosen: Redrivable[] = [];
  for (const letter of letters) {
    const { session, deadSinceMs = 0 } = letter;
    if (deadSinceMs > startedMs) count('arrived', [letter]);
    else if (!session) count('unreadable', [letter]);
    else if (!(await limit.mayRedrive(session))) count('exhausted', [letter]);
    else chosen.push({ ...letter, session });
  }
  return chosen;
}

/** Those whose fetches the day's spare calls allow; messages of one session share one. */
async function afford(
  context: DeadLetterContext,
  letters: readonly Redrivable[],
  { count }: RedriveRun,
): Promise<readonly Redrivable[]> {
  const keys = [...new Set(letters.map(({ session }) => toSessionKey(session)))];
  if (keys.length === 0) return [];
  const granted = new Set(keys.slice(0, await planFetches(context, keys.length)));
  const isAffordable = ({ session }: Redrivable) => granted.has(toSessionKey(session));
  count(
    'postponed',
    letters.filter((letter) => !isAffordable(letter)),
  );
  return letters.filter(isAffordable);
}

/** Returns the handles of what is gone. */
async function move(
  context: DeadLetterContext,
  letters: readonly Redrivable[],
  run: RedriveRun,
): Promise<string[]> {
  const queued = await send(context, letters, run);
  const isQueued = ({ session }: Redrivable) => queued.has(toSessionKey(session));
  run.count(
    'failed',
    letters.filter((letter) => !isQueued(letter)),
  );

  const sent = letters.filter(isQueued);
  const deleted = await context.queue.delete(sent.map(({ receiptHandle }) => receiptHandle));
  const gone = sent.filter((_letter, index) => deleted[index] === true);
  run.count('moved', gone);
  run.count(
    'duplicated',
    sent.filter((_letter, index) => deleted[index] !== true),
  );
  return gone.map(({ receiptHandle }) => receiptHandle);
}

/** Returns the keys of the sessions that the queue has for good. */
async function send(
  { enqueue }: DeadLetterContext,
  letters: readonly Redrivable[],
  { limit, sent }: RedriveRun,
): Promise<ReadonlySet<string>> {
  // Messages of one session become one: its newest state is fetched, whatever they died of.
  const sessions = new Map(letters.map(({ session }) => [toSessionKey(session), session]));
  if (sessions.size === 0) return new Set();
  const enqueued = await enqueue([...sessions.values()], 'full');
  const queued = new Set<string>();
  for (const { session, result, notBeforeMs } of enqueued) {
    if (result.outcome !== 'queued') continue;
    const key = toSessionKey(session);
    queued.add(key);
    sent.set(key, { messageId: result.messageId, notBeforeMs });
    await limit.note(session);
  }
  return queued;
}

function toSteps<Item>(items: readonly Item[], { step }: Pace): (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / step) }, (_, index) =>
    items.slice(index * step, (index + 1) * step),
  );
}

async function mayGoOn(pace: Pace, count: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  try {
    await pace.wait(count, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** What became of the messages that a redrive of some was meant for. */
export interface RedriveCounts {
  /** Enqueued anew and deleted. */
  readonly moved: number;
  /** Enqueued anew and still there, because the delete failed: the next redrive brings a duplicate, which is harmless. */
  readonly duplicated: number;
  /** Left, because the sessions queue did not take them. */
  readonly failed: number;
  /** Left, because their session was redriven too often: `redrive_exhausted`. */
  readonly exhausted: number;
  /** Left, because they name no session: only a redrive of the whole queue moves them. */
  readonly unreadable: number;
  /** Left, because the redrive was interrupted. */
  readonly interrupted: number;
  /** Left, because live events need the calls that are left of the day: `quota_spare_spent`. */
  readonly postponed: number;
  /** Left, because they died while the redrive ran. */
  readonly arrived: number;
}

export type RedriveOutcome = keyof RedriveCounts;

const NOTHING_REDRIVEN: RedriveCounts = {
  moved: 0,
  duplicated: 0,
  failed: 0,
  exhausted: 0,
  unreadable: 0,
  interrupted: 0,
  postponed: 0,
  arrived: 0,
};
