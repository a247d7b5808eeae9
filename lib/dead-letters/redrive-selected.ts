import { type SessionRef, toSessionKey } from '../ids.ts';
import type { DeadLetterContext } from './context.ts';
import { type DeadLetterFilter, matchesFilter } from './filter.ts';
import { createPace, createRedriveLimit, type Pace, type RedriveLimit } from './pace.ts';
import { type PeekedDeadLetter, type PeekReport, peekDeadLetters } from './peek.ts';
import { planFetches } from './spare-calls.ts';

export interface RedriveSelectedOptions {
  readonly filter: DeadLetterFilter;
  /** Messages in a second. */
  readonly ratePerSecond: number;
  /** Redrives of one session within 24 hours. */
  readonly maxRedrives: number;
  /** The most messages to look at; undefined: all. */
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((counts: RedriveCounts) => void) | undefined;
}

interface Redrivable {
  readonly receiptHandle: string;
  readonly session: SessionRef;
}

/** One run of a redrive. */
interface RedriveRun {
  readonly startedMs: number;
  readonly limit: RedriveLimit;
  readonly count: (outcome: RedriveOutcome, times?: number) => void;
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
  const { filter, ratePerSecond, maxRedrives, max, signal, onProgress } = options;
  const limit = createRedriveLimit(context, maxRedrives);
  const pace = createPace(ratePerSecond, context.clock);
  let counts = NOTHING_REDRIVEN;
  const count: RedriveRun['count'] = (outcome, times) => {
    counts = countRedriven(counts, outcome, times);
  };
  const run: RedriveRun = { startedMs: context.clock.nowMs(), limit, count };

  const report = await peekDeadLetters(context, { max, ratePerSecond, signal }, async (letters) => {
    const gone: string[] = [];
    const matching = letters.filter((letter) => matchesFilter(letter, filter));
    for (const step of toSteps(matching, pace)) {
      // The spare calls were too few a moment ago: there is nothing to wait for.
      if (counts.postponed > 0) {
        count('postponed', step.length);
        continue;
      }
      if (!(await mayGoOn(pace, step.length, signal))) {
        count('interrupted', step.length);
        continue;
      }
      gone.push(...(await move(context, await afford(context, await choose(step, run), run), run)));
      onProgress?.(counts);
    }
    return { gone };
  });
  return { ...report, ...counts, ledgerFailure: report.ledgerFailure ?? limit.failure() };
}

async function choose(
  letters: readonly PeekedDeadLetter[],
  { startedMs, limit, count }: RedriveRun,
): Promise<readonly Redrivable[]> {
  const chosen: Redrivable[] = [];
  for (const { receiptHandle, session, deadSinceMs = 0 } of letters) {
    if (deadSinceMs > startedMs) count('arrived');
    else if (!session) count('unreadable');
    else if (!(await limit.mayRedrive(session))) count('exhausted');
    else chosen.push({ receiptHandle, session });
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
  const affordable = letters.filter(({ session }) => granted.has(toSessionKey(session)));
  count('postponed', letters.length - affordable.length);
  return affordable;
}

/** Returns the handles of what is gone. */
async function move(
  context: DeadLetterContext,
  letters: readonly Redrivable[],
  { limit, count }: RedriveRun,
): Promise<string[]> {
  const queued = await send(context, letters, limit);
  const sent = letters.filter(({ session }) => queued.has(toSessionKey(session)));
  count('failed', letters.length - sent.length);

  const handles = sent.map(({ receiptHandle }) => receiptHandle);
  const deleted = await context.queue.delete(handles);
  const gone = handles.filter((_handle, index) => deleted[index] === true);
  count('moved', gone.length);
  count('duplicated', handles.length - gone.length);
  return gone;
}

/** Returns the keys of the sessions that the queue has for good. */
async function send(
  { enqueue }: DeadLetterContext,
  letters: readonly Redrivable[],
  limit: RedriveLimit,
): Promise<ReadonlySet<string>> {
  // Messages of one session become one: its newest state is fetched, whatever they died of.
  const sessions = new Map(letters.map(({ session }) => [toSessionKey(session), session]));
  if (sessions.size === 0) return new Set();
  const enqueued = await enqueue([...sessions.values()], 'full');
  const queued = enqueued.filter(({ result }) => result.outcome === 'queued');
  for (const { session } of queued) await limit.note(session);
  return new Set(queued.map(({ session }) => toSessionKey(session)));
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

type RedriveOutcome = keyof RedriveCounts;

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

function countRedriven(counts: RedriveCounts, outcome: RedriveOutcome, times = 1): RedriveCounts {
  return { ...counts, [outcome]: counts[outcome] + times };
}
