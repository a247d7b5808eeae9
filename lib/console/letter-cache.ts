import type { Clock } from '../clock.ts';
import type { DeadLetter } from '../dead-letters/dead-letter.ts';
import type { Unseen } from '../dead-letters/unseen.ts';
import { isWholeLook } from '../dead-letters/unseen.ts';
import type { Operations } from '../operate/operations.ts';
import { plural, toMoment } from '../text.ts';

/** A dead letter as it is kept here: its body and handle would be most of the memory. */
export type KnownLetter = Omit<DeadLetter, 'body'>;

/** What the newest look at the dead-letter queue has seen. */
export interface LetterCache {
  /**
   * Looks again where what is known may be wrong and the last look is long enough ago; waits a moment for it, and lets it
   * go on. A look hides the messages from everybody else while it lasts, so there are as few as can be.
   */
  refresh(): Promise<void>;
  list(): readonly KnownLetter[];
  asOfMs(): number;
  /** Why a look has not seen all, as a sentence; undefined where it has. */
  missing(): string | undefined;
  /** Takes letters out that are gone for good. */
  remove(messageIds: readonly string[]): void;
  /** Runs what looks at the queue itself, with no look of this beside it. */
  withoutLooks<Result>(work: () => Promise<Result>): Promise<Result>;
}

interface LetterCacheOptions {
  readonly deadLetters: Pick<Operations['deadLetters'], 'list'>;
  /** How many SQS counts now; undefined where that cannot be read. It hides nothing. */
  readonly count: () => Promise<number | undefined>;
  readonly clock: Clock;
  /** The least time between two looks. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

const MOST_LETTERS = 20_000;
// Somebody may have redriven as many as have died since.
const OLD_MS = 10 * 60_000;
const PATIENCE_MS = 1500;

export function createLetterCache(options: LetterCacheOptions): LetterCache {
  const { deadLetters, count, clock, everyMs, signal } = options;
  let letters = new Map<string, KnownLetter>();
  let [startedMs, endedMs, asOfMs] = [0, 0, 0];
  let counted: number | undefined;
  let missing: string | undefined = 'Nobody has looked yet.';
  let looking: Promise<void> | undefined;
  let busy: Promise<unknown> = Promise.resolve();

  async function look(): Promise<void> {
    startedMs = clock.nowMs();
    const seen = new Map<string, KnownLetter>();
    const isNew = letters.size === 0;
    const onLetter = async ({
      body: _body,
      receiptHandle: _handle,
      ...letter
    }: DeadLetter & { receiptHandle: string }) => {
      seen.set(letter.messageId, letter);
      if (!isNew) return;
      letters = seen;
      missing = `Still looking: ${plural(seen.size, 'message')} seen.`;
    };
    const report = await deadLetters.list({ filter: {}, max: MOST_LETTERS, signal, onLetter });
    letters = seen;
    endedMs = asOfMs = clock.nowMs();
    missing = isWholeLook(report) && report.ended !== 'max' ? undefined : toMissing(report);
  }

  async function mayBeWrong(): Promise<boolean> {
    counted = await count();
    if (counted === 0) {
      // There is nothing to look at.
      letters = new Map();
      asOfMs = clock.nowMs();
      missing = undefined;
      return false;
    }
    return (
      missing !== undefined ||
      clock.nowMs() - asOfMs > OLD_MS ||
      (counted !== undefined && counted !== letters.size)
    );
  }

  function withoutLooks<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = busy.then(work);
    busy = result.catch(() => undefined);
    return result;
  }

  return {
    async refresh() {
      if (looking === undefined) {
        // The count comes first: it hides nothing, so that it need not wait as a look does.
        if (!(await mayBeWrong())) return;
        const isDue = endedMs === 0 || clock.nowMs() - Math.max(startedMs, endedMs) >= everyMs;
        if (!isDue) return;
        looking ??= withoutLooks(look).finally(() => {
          looking = undefined;
        });
      }
      const patience = new AbortController();
      const enough = clock.sleep(PATIENCE_MS, patience.signal).catch(() => undefined);
      await Promise.race([looking, enough]).finally(() => patience.abort());
    },
    list: () => [...letters.values()],
    asOfMs: () => asOfMs || startedMs,
    missing() {
      const isSaid = missing !== undefined && looking === undefined;
      if (isSaid || counted === undefined || counted <= letters.size) return missing;
      return `SQS counts ${plural(counted, 'message')}, of which ${letters.size} ${letters.size === 1 ? 'was' : 'were'} seen: the next look follows by itself.`;
    },
    remove(messageIds) {
      for (const messageId of messageIds) letters.delete(messageId);
    },
    withoutLooks,
  };
}

function toMissing({ ended, unseen }: { readonly ended: string; readonly unseen: Unseen }): string {
  if (ended === 'max') return `Only the first ${MOST_LETTERS} were looked at.`;
  if (unseen.hidden > 0) {
    const until = toMoment(unseen.hiddenUntilMs);
    return `About ${plural(unseen.hidden, 'message')} could not be seen: another look or redrive hides them, until ${until} at the latest.`;
  }
  return unseen.count > 0
    ? `About ${plural(unseen.count, 'message')} could not be seen: they wait behind others of their session.`
    : 'The look ended early.';
}
