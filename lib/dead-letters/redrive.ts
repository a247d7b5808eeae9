import type { Clock } from '../clock.ts';
import { OperationError } from '../errors.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { RedriveNotes } from '../ledger/message-notes.ts';
import type { EnqueueSessions } from '../queue/sessions-queue.ts';
import {
  type DeadLetterFilter,
  findRedriveProblem,
  isUnfiltered,
  matchesFilter,
  type RedriveQueues,
} from './filter.ts';
import type { RedriveAll, RedriveAllReport, RedriveSurvey, SurveyRedrive } from './move.ts';
import type { MoveTask, MoveTasks } from './move-tasks.ts';
import { createPace, createRedriveLimit, type Pace, type RedriveLimit } from './pace.ts';
import type { PeekDeadLetters, PeekedDeadLetter, PeekReport } from './peek.ts';
import type { DeadLetterQueue } from './queue.ts';

interface RedriveDeadLettersDependencies {
  readonly queues: RedriveQueues;
  readonly moveTasks: Pick<MoveTasks, 'latest' | 'cancel'>;
  readonly survey: SurveyRedrive;
  readonly redriveAll: RedriveAll;
  readonly redriveSelected: RedriveSelected;
}

export interface RedriveOptions extends Omit<RedriveSelectedOptions, 'onProgress'> {
  readonly onProgress?: (moved: number) => void;
}

export type RedriveResult =
  /** SQS has moved the whole queue. */
  | ({ readonly by: 'move-task' } & RedriveAllReport)
  /** The messages were enqueued one by one. */
  | ({ readonly by: 'enqueue' } & RedriveCounts & PeekReport)
  /** There was nothing to move, or an interruption came before anything was. */
  | ({ readonly by: 'nothing' } & RedriveSurvey);

/**
 * Brings dead letters back. The whole queue is left to SQS; with a filter, or where some sessions were redriven too often
 * and have to stay, the others are enqueued one by one.
 */
export function createRedriveDeadLetters(dependencies: RedriveDeadLettersDependencies) {
  const { queues, moveTasks, survey, redriveAll, redriveSelected } = dependencies;

  return {
    /** What `redrive` would move. Throws as that does where the queues cannot be redriven at all. */
    async preview(options: RedriveOptions): Promise<RedriveSurvey> {
      refuseWrongQueues();
      return survey(options);
    },

    /** Throws `OperationError`: `redrive_running`, `queues_equal`, `queue_types_differ`, or what AWS refuses. */
    async redrive(options: RedriveOptions): Promise<RedriveResult> {
      refuseWrongQueues();
      await refuseWhileRunning();
      const { filter, max, onProgress } = options;
      if (isUnfiltered(filter) && max === undefined) {
        const found = await survey(options);
        if (found.matched === 0 || found.ended === 'interrupted') return { by: 'nothing', ...found };
        if (found.exhausted === 0) return moveAll(found, options);
      }
      const report = await redriveSelected({
        ...options,
        onProgress: onProgress && (({ moved }) => onProgress(moved)),
      });
      return { by: 'enqueue', ...report };
    },

    /** Cancels SQS's redrive and resolves with it as it was. Throws `OperationError` `redrive_not_running`. */
    async cancel(): Promise<MoveTask> {
      const task = await moveTasks.latest();
      if (task?.handle === undefined) {
        throw new OperationError('redrive_not_running', 'no redrive of this queue is running');
      }
      await moveTasks.cancel(task.handle);
      return task;
    },
  };

  async function moveAll(found: RedriveSurvey, options: RedriveOptions): Promise<RedriveResult> {
    const { ratePerSecond, signal, onProgress } = options;
    const report = await redriveAll({
      found,
      ratePerSecond,
      signal,
      onProgress: onProgress && (({ moved }) => onProgress(moved)),
    });
    return { by: 'move-task', ...report, ledgerFailure: found.ledgerFailure ?? report.ledgerFailure };
  }

  function refuseWrongQueues(): void {
    const problem = findRedriveProblem(queues);
    if (problem) throw problem;
  }

  async function refuseWhileRunning(): Promise<void> {
    const task = await moveTasks.latest();
    if (task?.status !== 'running' && task?.status !== 'cancelling') return;
    const progress = `${task.moved}${task.toMove === undefined ? '' : ` of ${task.toMove}`} moved`;
    throw new OperationError(
      'redrive_running',
      `a redrive of this queue is running already (${progress}): wait for its end, or cancel it`,
    );
  }
}

interface DropDeadLettersDependencies {
  readonly peek: PeekDeadLetters;
  readonly queue: Pick<DeadLetterQueue, 'delete'>;
  readonly clock: Clock;
}

interface DropDeadLettersOptions {
  readonly filter: DeadLetterFilter;
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

interface DropReport extends PeekReport {
  readonly dropped: number;
  /** Left, because SQS did not delete them. */
  readonly failed: number;
  /** Left, because they died while it ran: nobody can have meant them. */
  readonly arrived: number;
}

/**
 * Deletes the dead letters that a filter admits, for good. What they asked for is not done; the next event of the session,
 * or an enqueue by hand, asks anew.
 */
export function createDropDeadLetters({ peek, queue, clock }: DropDeadLettersDependencies) {
  return async ({ filter, max, signal }: DropDeadLettersOptions): Promise<DropReport> => {
    const startedMs = clock.nowMs();
    let [dropped, failed, arrived] = [0, 0, 0];
    const report = await peek({ max, signal }, async (letters) => {
      const matching = letters.filter((letter) => matchesFilter(letter, filter));
      const meant = matching.filter(({ deadSinceMs = 0 }) => deadSinceMs <= startedMs);
      const handles = meant.map(({ receiptHandle }) => receiptHandle);
      const deleted = await queue.delete(handles);
      const gone = handles.filter((_handle, index) => deleted[index] === true);
      dropped += gone.length;
      failed += handles.length - gone.length;
      arrived += matching.length - meant.length;
      return { gone };
    });
    return { ...report, dropped, failed, arrived };
  };
}

interface RedriveSelectedDependencies {
  readonly peek: PeekDeadLetters;
  readonly queue: Pick<DeadLetterQueue, 'delete'>;
  readonly enqueue: EnqueueSessions;
  readonly redriveNotes: RedriveNotes;
  readonly clock: Clock;
}

interface RedriveSelectedOptions {
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

type RedriveSelected = ReturnType<typeof createRedriveSelected>;

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
export function createRedriveSelected(dependencies: RedriveSelectedDependencies) {
  const { peek, queue, enqueue, redriveNotes, clock } = dependencies;

  return async (options: RedriveSelectedOptions): Promise<RedriveCounts & PeekReport> => {
    const { filter, ratePerSecond, maxRedrives, max, signal, onProgress } = options;
    const limit = createRedriveLimit({ notes: redriveNotes, clock }, maxRedrives);
    const pace = createPace(ratePerSecond, clock);
    let counts = NOTHING_REDRIVEN;
    const count: RedriveRun['count'] = (outcome, times) => {
      counts = countRedriven(counts, outcome, times);
    };
    const run: RedriveRun = { startedMs: clock.nowMs(), limit, count };

    const report = await peek({ max, ratePerSecond, signal }, async (letters) => {
      const gone: string[] = [];
      const matching = letters.filter((letter) => matchesFilter(letter, filter));
      for (const step of toSteps(matching, pace)) {
        if (!(await mayGoOn(pace, step.length, signal))) {
          count('interrupted', step.length);
          continue;
        }
        gone.push(...(await move(await choose(step, run), run)));
        onProgress?.(counts);
      }
      return { gone };
    });
    return { ...report, ...counts, ledgerFailure: report.ledgerFailure ?? limit.failure() };
  };

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

  /** Returns the handles of what is gone. */
  async function move(letters: readonly Redrivable[], { limit, count }: RedriveRun): Promise<string[]> {
    const queued = await send(letters, limit);
    const sent = letters.filter(({ session }) => queued.has(toSessionKey(session)));
    count('failed', letters.length - sent.length);

    const handles = sent.map(({ receiptHandle }) => receiptHandle);
    const deleted = await queue.delete(handles);
    const gone = handles.filter((_handle, index) => deleted[index] === true);
    count('moved', gone.length);
    count('duplicated', handles.length - gone.length);
    return gone;
  }

  /** Returns the keys of the sessions that the queue has for good. */
  async function send(letters: readonly Redrivable[], limit: RedriveLimit): Promise<ReadonlySet<string>> {
    // Messages of one session become one: its newest state is fetched, whatever they died of.
    const sessions = new Map(letters.map(({ session }) => [toSessionKey(session), session]));
    if (sessions.size === 0) return new Set();
    const enqueued = await enqueue([...sessions.values()], 'full');
    const queued = enqueued.filter(({ result }) => result.outcome === 'queued');
    for (const { session } of queued) await limit.note(session);
    return new Set(queued.map(({ session }) => toSessionKey(session)));
  }
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
interface RedriveCounts {
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
  arrived: 0,
};

function countRedriven(counts: RedriveCounts, outcome: RedriveOutcome, times = 1): RedriveCounts {
  return { ...counts, [outcome]: counts[outcome] + times };
}
