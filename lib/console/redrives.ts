import type { Clock } from '../clock.ts';
import type { DeadLetterFilter } from '../dead-letters/filter.ts';
import { DEFAULT_MAX_REDRIVES } from '../dead-letters/redrive-limit.ts';
import type { RedriveOutcome, SentLetter } from '../dead-letters/redrive-selected.ts';
import { isWholeLook } from '../dead-letters/unseen.ts';
import { OperationError, toJobError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import type { Operations } from '../operate/operations.ts';
import { plural } from '../text.ts';
import { ConsoleProblem } from './guard.ts';
import type { KnownLetter, LetterCache } from './letter-cache.ts';
import { GONE, HIDDEN, KEPT, toEnd } from './letter-ends.ts';
import type { Redrive, RedriveEntry, RedriveRequest } from './model.ts';
import type { RunCache } from './run-cache.ts';

/** The redrives of this console, each followed until every one of its letters has come to its end. */
export interface Redrives {
  /** Starts one, or returns the one that the same key has started. Throws `ConsoleProblem`. */
  start(request: Omit<RedriveRequest, 'confirm'>): Redrive;
  get(id: string): Redrive | undefined;
  /** Newest first. */
  list(): readonly Redrive[];
  /** Those that have changed since this was asked last. */
  takeChanged(): readonly Redrive[];
  /** True for a letter that one of them has in hand. */
  isInHand(messageId: string): boolean;
}

interface RedrivesOptions {
  readonly operations: Pick<Operations, 'deadLetters' | 'archive'>;
  readonly letters: LetterCache;
  readonly runs: RunCache;
  readonly clock: Clock;
  readonly defaultRate: number;
  readonly signal: AbortSignal;
}

interface State {
  readonly id: string;
  /** The request, to tell another one with the same key. */
  readonly asked: string;
  readonly label: string;
  readonly startedMs: number;
  readonly ratePerSecond: number;
  /** By message id; that which changed last is the last one. */
  readonly entries: Map<string, RedriveEntry>;
  /** Entries that have not come to their end. */
  open: number;
  moved: number;
  hasMoved: boolean;
  endedMs: number | null;
  problem: string | null;
}

const MOST_REDRIVES = 20;
const MOST_ENTRIES = { whole: 500, event: 100 };
const FOLLOW_EVERY_MS = 1000;

export function createRedrives(options: RedrivesOptions): Redrives {
  const { operations, letters, runs, clock, signal } = options;
  const states = new Map<string, State>();
  const changed = new Set<State>();
  /** Entries by the message that was sent for them. */
  const sent = new Map<string, { state: State; messageId: string }[]>();
  let isFollowing = false;

  function change(state: State, messageId: string, part: Partial<RedriveEntry>): void {
    const entry = state.entries.get(messageId) ?? toEntry(messageId, undefined);
    const next = { ...entry, ...part };
    state.open +=
      Number(OPEN.has(next.state)) - Number(state.entries.has(messageId) && OPEN.has(entry.state));
    state.entries.delete(messageId);
    state.entries.set(messageId, next);
    settle(state);
  }

  /** Ends a redrive whose letters have all come to their end. */
  function settle(state: State): void {
    changed.add(state);
    if (state.hasMoved && state.open === 0) state.endedMs ??= clock.nowMs();
  }

  function noteLetter(
    state: State,
    letter: KnownLetter,
    outcome: RedriveOutcome,
    message?: SentLetter,
  ): void {
    const { messageId, session = null } = letter;
    if (outcome === 'arrived' && !state.entries.has(messageId)) return;
    if ((outcome !== 'moved' && outcome !== 'duplicated') || !message) {
      change(state, messageId, { session, state: 'kept', words: KEPT[outcome] ?? null });
      return;
    }
    if (outcome === 'moved') {
      state.moved += 1;
      letters.remove([messageId]);
    }
    const waiting = sent.get(message.messageId) ?? [];
    sent.set(message.messageId, [...waiting, { state, messageId }]);
    const words = outcome === 'duplicated' ? (KEPT[outcome] ?? null) : null;
    change(state, messageId, { session, state: 'queued', dueMs: message.notBeforeMs, words });
    void follow();
  }

  async function carryOut(state: State, filter: DeadLetterFilter): Promise<void> {
    const { ratePerSecond } = state;
    try {
      const result = await letters.withoutLooks(() =>
        operations.deadLetters.redrive({
          filter,
          ratePerSecond,
          maxRedrives: DEFAULT_MAX_REDRIVES,
          signal,
          onLetter: (letter, outcome, message) => noteLetter(state, letter, outcome, message),
        }),
      );
      const isWhole = result.by === 'enqueue' && isWholeLook(result);
      endWaiting(state, isWhole ? GONE : HIDDEN);
    } catch (thrown) {
      state.problem = thrown instanceof OperationError ? thrown.message : toJobError(thrown).reason;
      endWaiting(state, { state: 'kept', words: state.problem });
    }
    state.hasMoved = true;
    settle(state);
  }

  function endWaiting(state: State, part: Partial<RedriveEntry>): void {
    for (const [messageId, entry] of [...state.entries])
      if (entry.state === 'waiting') change(state, messageId, part);
  }

  /** Reads the runs as long as something is queued; a run's message says whose it is. */
  async function follow(): Promise<void> {
    if (isFollowing) return;
    isFollowing = true;
    while (sent.size > 0 && !signal.aborted) {
      await runs.refresh().catch(() => undefined);
      await clock.sleep(FOLLOW_EVERY_MS, signal).catch(() => undefined);
    }
    isFollowing = false;
  }

  runs.onRuns((fresh) => {
    for (const run of fresh) {
      const waiting = sent.get(run.messageId) ?? [];
      const end = toEnd(run);
      if (end.state !== 'queued') sent.delete(run.messageId);
      for (const { state, messageId } of waiting) {
        change(state, messageId, end);
        if (run.session && (end.state === 'record' || end.state === 'unchanged'))
          void addVersion(state, messageId, run.session);
      }
    }
  });

  async function addVersion(state: State, messageId: string, session: SessionRef): Promise<void> {
    // Nobody waits for this: what it rejects with would end the process.
    const stored = await operations
      .archive()
      .then((archive) => archive.getLatest(session))
      .catch(() => undefined);
    const version = stored?.latest.version;
    if (version === undefined) return;
    // A version is the moment of the fetch that it came from.
    const isUnchanged = state.entries.get(messageId)?.state === 'unchanged';
    change(state, messageId, { version, ...(isUnchanged && { sinceMs: version }) });
  }

  return {
    start({ key, ...request }) {
      const asked = JSON.stringify(request);
      const known = states.get(key);
      if (known && known.asked !== asked)
        throw new ConsoleProblem('key_reused', 'The key belongs to another request');
      if (known) return toRedrive(known, MOST_ENTRIES.whole);
      const { filter, chosen, label } = choose(request, letters.list(), clock.nowMs());
      const state: State = {
        id: key,
        asked,
        label,
        startedMs: clock.nowMs(),
        ratePerSecond: request.ratePerSecond ?? options.defaultRate,
        entries: new Map(chosen.map(({ messageId, session }) => [messageId, toEntry(messageId, session)])),
        open: chosen.length,
        moved: 0,
        hasMoved: false,
        endedMs: null,
        problem: null,
      };
      states.set(key, state);
      forgetOldest(states);
      void carryOut(state, filter);
      changed.add(state);
      return toRedrive(state, MOST_ENTRIES.whole);
    },
    get(id) {
      const state = states.get(id);
      return state && toRedrive(state, MOST_ENTRIES.whole);
    },
    list: () => [...states.values()].reverse().map((state) => toRedrive(state, MOST_ENTRIES.event)),
    takeChanged() {
      const taken = [...changed].map((state) => toRedrive(state, MOST_ENTRIES.event));
      changed.clear();
      return taken;
    },
    isInHand: (messageId) =>
      [...states.values()].some(
        ({ hasMoved, entries }) => !hasMoved && entries.get(messageId)?.state === 'waiting',
      ),
  };
}

const OPEN: ReadonlySet<RedriveEntry['state']> = new Set(['waiting', 'queued']);

function toEntry(messageId: string, session: SessionRef | undefined): RedriveEntry {
  const nothing = { dueMs: null, version: null, sinceMs: null, words: null };
  return { messageId, session: session ?? null, state: 'waiting', ...nothing };
}

/** Which letters a request means, as far as they are known, and how the queue is searched for them. */
function choose(
  { messageIds, code }: Omit<RedriveRequest, 'key' | 'confirm'>,
  known: readonly KnownLetter[],
  nowMs: number,
): {
  filter: DeadLetterFilter;
  chosen: readonly Pick<KnownLetter, 'messageId' | 'session'>[];
  label: string;
} {
  if (messageIds) {
    const byId = new Map(known.map((letter) => [letter.messageId, letter]));
    const chosen = messageIds.map((messageId) => byId.get(messageId) ?? { messageId, session: undefined });
    return { filter: { messageIds }, chosen, label: plural(chosen.length, 'message') };
  }
  // One by one also where all are meant: SQS's own redrive says nothing of a single message.
  const filter = code === undefined ? { beforeMs: nowMs + 1 } : { code: { text: code, isPrefix: false } };
  const chosen = code === undefined ? known : known.filter(({ reason }) => reason.code === code);
  const of = code === undefined ? 'all' : code;
  return { filter, chosen, label: `${of} (${plural(chosen.length, 'message')})` };
}

function toRedrive(
  { hasMoved: _hasMoved, asked: _asked, open: _open, ...state }: State,
  most: number,
): Redrive {
  const entries = [...state.entries.values()];
  const counts = { waiting: 0, queued: 0, record: 0, unchanged: 0, covered: 0, failed: 0, kept: 0, gone: 0 };
  for (const entry of entries) counts[entry.state] += 1;
  return { ...state, total: entries.length, entries: entries.slice(-most).reverse(), counts };
}

/** Of those that have ended. */
function forgetOldest(states: Map<string, State>): void {
  if (states.size <= MOST_REDRIVES) return;
  const oldest = [...states].find(([, { endedMs }]) => endedMs !== null);
  if (oldest) states.delete(oldest[0]);
}
