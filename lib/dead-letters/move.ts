import { OperationError } from '../errors.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import { inLanes } from '../queue/pace.ts';
import { plural } from '../text.ts';
import type { DeadLetterContext } from './context.ts';
import { type DeadLetterFilter, isUnfiltered } from './filter.ts';
import { type DeadLetterList, listDeadLetters } from './list.ts';
import type { MoveTask } from './move-tasks.ts';
import { createRedriveLimit } from './redrive-limit.ts';
import type { RedriveProgress } from './redrive-selected.ts';
import type { Unseen } from './unseen.ts';

interface RedriveAllOptions {
  /** What there is to move. */
  readonly found: RedriveSurvey;
  readonly ratePerSecond: number;
  /** Aborted: the task is cancelled. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RedriveProgress) => void) | undefined;
}

export interface RedriveAllReport {
  readonly wasCancelled: boolean;
  readonly moved: number;
  /** Of those that were there when it began, how many still are; approximately, as SQS counts. */
  readonly left: number;
  /** Came while it ran. */
  readonly arrived: number;
  /** Hidden by another reader, so that SQS could not move them, and the rest that was not seen. */
  readonly unseen: Unseen;
  readonly ledgerFailure: unknown;
}

const LANES = 16;
const LOOK_EVERY_MS = 1000;
// SQS may take its time to cancel: whoever interrupted it is answered by then.
const LOOKS_AFTER_CANCEL = 10;
// The most messages that are looked at after a redrive that ended early, to see what of it was done.
const MOST_LEFT_LOOKED_AT = 2000;

/**
 * Lets SQS move the whole dead-letter queue back to where it came from, and follows it to its end. SQS moves what is
 * visible when it begins. Sessions count as redriven once their messages were moved. Throws `OperationError`
 * `redrive_running` where another one runs, `redrive_failed` where SQS gives up.
 */
export async function redriveAll(
  context: DeadLetterContext,
  options: RedriveAllOptions,
): Promise<RedriveAllReport> {
  const { moveTasks, queueReader, clock } = context;
  const { found, ratePerSecond, signal, onProgress } = options;
  const limit = createRedriveLimit(context, Number.POSITIVE_INFINITY);
  const expected = countMovable(found);
  const { unseen } = found;
  const report = (ledgerFailure = limit.failure()) => ({ unseen, ledgerFailure });
  if (signal.aborted) return { wasCancelled: true, moved: 0, left: expected, arrived: 0, ...report() };
  const startedMs = clock.nowMs();
  await moveTasks.start({ ratePerSecond });
  const tell = ({ moved }: MoveTask) =>
    onProgress?.({ done: moved, share: moved / Math.max(moved, expected, 1) });
  const task = await follow(context, signal, tell).catch(async (error: unknown) => {
    // SQS goes on without anybody who looks.
    await inLanes(found.sessions, LANES, limit.note);
    throw error;
  });
  const moved =
    task.moved >= expected
      ? found.sessions
      : await findMoved(context, found, { moved: task.moved, startedMs });
  await inLanes(moved, LANES, limit.note);
  if (task.status === 'failed') throw toFailure(task);

  const after = await queueReader.describe();
  const left = Math.max(0, expected - task.moved);
  return {
    wasCancelled: task.status !== 'completed',
    moved: task.moved,
    left: Math.min(left, after.visible),
    arrived: Math.max(0, after.visible - left),
    ...report(),
  };
}

/** The sessions of which SQS has moved at least one message. */
async function findMoved(
  context: DeadLetterContext,
  { sessions }: RedriveSurvey,
  { moved, startedMs }: { readonly moved: number; readonly startedMs: number },
): Promise<readonly SessionRef[]> {
  if (moved === 0) return [];
  const left = new Map<string, RedriveSession>();
  const look = await listDeadLetters(context, {
    filter: {},
    max: MOST_LEFT_LOOKED_AT,
    // Whoever cancelled the redrive wants to know what it did.
    signal: new AbortController().signal,
    async onLetter({ session, deadSinceMs = 0 }) {
      if (session && deadSinceMs <= startedMs) addMessage(left, session);
    },
  }).catch(() => undefined);
  if (!look || look.unseen.count > 0) return [];
  return sessions.filter((it) => (left.get(toSessionKey(it))?.messages ?? 0) < it.messages);
}

async function follow(
  { moveTasks, clock }: DeadLetterContext,
  signal: AbortSignal,
  onTask: (task: MoveTask) => void,
): Promise<MoveTask> {
  let looks = 0;
  for (let isCancelled = false; ; ) {
    const task = await moveTasks.latest();
    if (task && (!['running', 'cancelling'].includes(task.status) || looks >= LOOKS_AFTER_CANCEL))
      return task;
    looks += Number(isCancelled);
    if (task) onTask(task);
    if (signal.aborted && !isCancelled && task?.handle !== undefined) {
      isCancelled = true;
      await moveTasks.cancel(task.handle);
      continue;
    }
    // An interruption ends the wait, and is answered above.
    await (signal.aborted
      ? clock.sleep(LOOK_EVERY_MS)
      : clock.sleep(LOOK_EVERY_MS, signal).catch(ignoreAbort));
  }
}

/** What SQS can move of a queue: all that nobody hides, and that is behind nothing hidden. */
function countMovable({ totalAtStart, unseen }: RedriveSurvey): number {
  const { hidden, waiting, waitingReason } = unseen;
  const isLocked = waitingReason === 'behind_hidden' || waitingReason === 'behind_ten_or_hidden';
  return Math.max(0, totalAtStart - hidden - (isLocked ? waiting : 0));
}

function ignoreAbort(): void {}

function toFailure({ moved, failureReason = 'no reason given' }: MoveTask): OperationError {
  const hint = failureReason.includes('CouldNotDetermineMessageSource')
    ? '; somebody has sent a message to the dead-letter queue by hand: drop it, or redrive the others with a filter'
    : '';
  return new OperationError(
    'redrive_failed',
    `SQS gave the redrive up after ${plural(moved, 'message')}: ${failureReason}${hint}`,
  );
}

interface SurveyRedriveOptions {
  readonly filter: DeadLetterFilter;
  readonly maxRedrives: number;
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

/** A session with the number of its dead letters. */
interface RedriveSession extends SessionRef {
  readonly messages: number;
}

/** What a redrive would have before it. */
export interface RedriveSurvey extends DeadLetterList {
  /** Of the messages that match, each session once. */
  readonly sessions: readonly RedriveSession[];
  /** How many of those sessions were redriven too often already. */
  readonly exhausted: number;
  /** The messages of those sessions. */
  readonly exhaustedMessages: number;
  /** Messages that match and name no session. */
  readonly unreadable: number;
  /** Messages that a redrive would move: what would stay is left out. */
  readonly wouldMove: number;
}

/** Looks at what a redrive would move, and moves nothing. */
export async function surveyRedrive(
  context: DeadLetterContext,
  { maxRedrives, ...options }: SurveyRedriveOptions,
): Promise<RedriveSurvey> {
  const limit = createRedriveLimit(context, maxRedrives);
  const sessions = new Map<string, RedriveSession>();
  let unreadable = 0;
  const found = await listDeadLetters(context, {
    ...options,
    async onLetter({ session }) {
      if (session) addMessage(sessions, session);
      else unreadable += 1;
    },
  });

  let [exhausted, exhaustedMessages] = [0, 0];
  await inLanes(sessions.values(), LANES, async (session) => {
    if (await limit.mayRedrive(session)) return;
    exhausted += 1;
    exhaustedMessages += session.messages;
  });
  const isWhole = isUnfiltered(options.filter) && options.max === undefined && exhausted === 0;
  return {
    ...found,
    sessions: [...sessions.values()],
    exhausted,
    exhaustedMessages,
    unreadable,
    // SQS moves a whole queue; one by one those alone can be moved that name a session.
    wouldMove: isWhole ? found.matched : found.matched - exhaustedMessages - unreadable,
    ledgerFailure: found.ledgerFailure ?? limit.failure(),
  };
}

/** Counts one more dead letter of a session. */
function addMessage(sessions: Map<string, RedriveSession>, { websiteId, sessionId }: SessionRef): void {
  const key = toSessionKey({ websiteId, sessionId });
  sessions.set(key, { websiteId, sessionId, messages: (sessions.get(key)?.messages ?? 0) + 1 });
}
