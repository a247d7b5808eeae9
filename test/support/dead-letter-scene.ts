import { QUEUE_NUMBERS, type QueueReader } from '../../lib/aws/queues.ts';
import type { Clock } from '../../lib/clock.ts';
import type { DeadLetterContext } from '../../lib/dead-letters/context.ts';
import type { ReceivedDeadLetter } from '../../lib/dead-letters/dead-letter.ts';
import type { MoveTask, MoveTasks } from '../../lib/dead-letters/move-tasks.ts';
import { peekDeadLetters } from '../../lib/dead-letters/peek.ts';
import type { DeadLetterQueue } from '../../lib/dead-letters/queue.ts';
import { redriveSelected } from '../../lib/dead-letters/redrive-selected.ts';
import { OperationError } from '../../lib/errors.ts';
import { type SessionRef, toSessionKey, type WebsiteId } from '../../lib/ids.ts';
import { createDynamoLookNotes, createDynamoRedriveNotes } from '../../lib/ledger/message-notes.ts';
import type { QuotaDay } from '../../lib/ledger/quota-notes.ts';
import { bindDeadLetters } from '../../lib/operate/operations.ts';
import { createEnqueueSessions } from '../../lib/queue/sessions-queue.ts';
import { aSession } from './builders.ts';
import { createMemoryMessageNotes, createMemoryRunLog, createMemorySessionBatches } from './memory.ts';
import { createVirtualClock } from './virtual-clock.ts';

export type DeadLetterScene = ReturnType<typeof createDeadLetterScene>;

const DESTINATION = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';
const SOURCE = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions-dlq.fifo';

interface DeadLetterSceneOptions {
  /** The website of letters that name none. */
  readonly onlyWebsiteId?: WebsiteId;
  /** What a test puts around the ports of a redrive, so that it dies there. */
  readonly wrap?: <Port extends object>(port: Port) => Port;
  /** For which SQS gives its redrive up. */
  readonly failureReason?: string;
  /** How many letters lie in the queue, each of a session of its own. */
  readonly dead?: number;
}

/** A dead-letter queue in memory and all that can be done with it. */
export function createDeadLetterScene({
  wrap = (port) => port,
  failureReason,
  onlyWebsiteId,
  dead = 0,
}: DeadLetterSceneOptions = {}) {
  const clock = createVirtualClock();
  const queue = createMemoryDeadLetterQueue(clock);
  queue.bury(...letters(dead));
  const failureNotes = createMemoryMessageNotes();
  const runLog = createMemoryRunLog();
  // Copies: a test replaces what a method does.
  const redriveNotes = { ...createDynamoRedriveNotes(runLog.ledger) };
  const lookNotes = { ...createDynamoLookNotes(runLog.ledger) };
  const batches = createMemorySessionBatches();
  const moveTasks = createMemoryMoveTasks({
    take: queue.take,
    ...(failureReason !== undefined && { failureReason }),
  });
  const stop = new AbortController();
  const spare = { calls: A_DAY.quota };

  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
  const context: DeadLetterContext = {
    queue: wrap(queue),
    queueReader: queue,
    queues: { sourceUrl: SOURCE, destinationUrl: DESTINATION },
    moveTasks,
    enqueue: createEnqueueSessions({ batches: wrap(batches), coalesce, clock }),
    failureNotes,
    runHistory: runLog,
    redriveNotes,
    lookNotes,
    quota: {
      async plan(calls) {
        const granted = Math.min(calls, spare.calls);
        spare.calls -= granted;
        return granted;
      },
      read: async () => ({ ...A_DAY, used: A_DAY.quota - Math.min(spare.calls, A_DAY.quota) }),
    },
    onlyWebsiteId,
    clock,
  };

  const deadLetters = bindDeadLetters(context);

  return {
    clock,
    context,
    queue,
    failureNotes,
    runLog,
    redriveNotes,
    lookNotes,
    batches,
    moveTasks,
    /** What a redrive may plan. */
    spare,
    stop,
    /** For every call that takes options: those that a test does not care about. */
    usual: { filter: {}, ratePerSecond: 500, maxRedrives: 3, signal: stop.signal },
    deadLetters,
    ...deadLetters,
    peek: (options: Parameters<typeof peekDeadLetters>[1], onPage: Parameters<typeof peekDeadLetters>[2]) =>
      peekDeadLetters(context, options, onPage),
    redriveSelected: (options: Parameters<typeof redriveSelected>[1]) => redriveSelected(context, options),
  };
}

/** Live events keep nothing of it. */
const A_DAY: QuotaDay = {
  quota: 1_000_000,
  liveShare: 0,
  used: 0,
  planned: 0,
  saved: { coalesced: 0, covered: 0, superseded: 0, cached: 0 },
  endsMs: Number.MAX_SAFE_INTEGER,
  resetMinute: 0,
  isLearned: false,
  refusedSinceMs: undefined,
};

let serial = 0;

/** A message as it lies in the dead-letter queue; its body asks for `session`. */
export function aLetter({
  session = aSession(),
  ...letter
}: Partial<StoredLetter> & { session?: SessionRef } = {}): StoredLetter {
  serial += 1;
  const body = JSON.stringify({ v: 1, ...session, mode: 'incremental', bucketMs: 1_790_855_940_000 });
  return { messageId: `letter-${serial}`, body, group: toSessionKey(session), ...letter };
}

/** As many letters, each of a session of its own. */
export function letters(count: number): StoredLetter[] {
  return Array.from({ length: count }, (_, index) => aLetter({ session: aSession(`session_${index}`) }));
}

interface StoredLetter {
  readonly messageId: string;
  readonly body: string;
  /** The message group; by default one of its own. */
  readonly group?: string;
  readonly sentMs?: number;
  readonly receives?: number;
}

/** A FIFO dead-letter queue in memory: hides what it hands out, and a group with a message in flight altogether. */
interface MemoryDeadLetterQueue extends DeadLetterQueue, QueueReader {
  /** What only SQS does. */
  bury(...letters: StoredLetter[]): void;
  /** The same with a message that no redrive that has begun takes: SQS moves what was there then. */
  burySilently(letter: StoredLetter): void;
  /** Moves up to so many visible messages elsewhere, as a redrive of SQS does; returns how many. */
  take(count: number): number;
  /** Ids of all messages, in their order. */
  ids(): readonly string[];
  /** Their bodies. */
  bodies(): readonly string[];
  /** Ids of those that anybody could receive now. */
  visibleIds(): readonly string[];
  /** The longest time for which a message was ever hidden, in seconds. */
  longestHiddenSeconds(): number;
  /** Makes each delete that follows do nothing, as for a handle that has run out. */
  refuseDeletes(): void;
}

interface Entry extends Required<StoredLetter> {
  receiptHandle: string;
  hiddenUntilMs: number;
}

const RETENTION_SECONDS = QUEUE_NUMBERS.retentionSeconds;
const MOST_PER_RECEIVE = 10;

export function createMemoryDeadLetterQueue(clock: Clock): MemoryDeadLetterQueue {
  const entries = new Map<string, Entry>();
  const late = new Set<string>();
  let serial = 0;
  let longest = 0;
  let deletes = true;

  const all = () => [...entries.values()];
  const isHidden = ({ hiddenUntilMs }: Entry) => hiddenUntilMs > clock.nowMs();
  const available = () => {
    const locked = new Set(
      all()
        .filter(isHidden)
        .map(({ group }) => group),
    );
    return all().filter(({ group }) => !locked.has(group));
  };
  const findByHandle = (handle: string) =>
    all().find((entry) => entry.receiptHandle === handle && isHidden(entry));

  function receiveOne(entry: Entry, visibilitySeconds: number): ReceivedDeadLetter {
    serial += 1;
    longest = Math.max(longest, visibilitySeconds);
    const changed = {
      ...entry,
      receives: entry.receives + 1,
      receiptHandle: `handle-${serial}`,
      hiddenUntilMs: clock.nowMs() + visibilitySeconds * 1000,
    };
    entries.set(entry.messageId, changed);
    const { messageId, receiptHandle, body, receives, sentMs, group } = changed;
    return { messageId, receiptHandle, body, receives, sentMs, group };
  }

  function bury(letter: StoredLetter): void {
    entries.set(letter.messageId, {
      group: letter.messageId,
      sentMs: clock.nowMs(),
      receives: 20,
      ...letter,
      receiptHandle: '',
      hiddenUntilMs: 0,
    });
  }

  return {
    bury: (...letters) => letters.forEach(bury),
    burySilently(letter) {
      late.add(letter.messageId);
      bury(letter);
    },
    take(count) {
      const taken = available()
        .filter(({ messageId }) => !late.has(messageId))
        .slice(0, count);
      for (const { messageId } of taken) entries.delete(messageId);
      return taken.length;
    },
    ids: () => [...entries.keys()],
    bodies: () => all().map(({ body }) => body),
    visibleIds: () =>
      all()
        .filter((entry) => !isHidden(entry))
        .map(({ messageId }) => messageId),
    longestHiddenSeconds: () => longest,
    refuseDeletes() {
      deletes = false;
    },
    async describe() {
      const visible = all().filter((entry) => !isHidden(entry)).length;
      return { visible, inFlight: entries.size - visible, delayed: 0, retentionSeconds: RETENTION_SECONDS };
    },
    async receive(visibilitySeconds) {
      return available()
        .slice(0, MOST_PER_RECEIVE)
        .map((entry) => receiveOne(entry, visibilitySeconds));
    },
    async restore(handles) {
      for (const handle of handles) {
        const entry = findByHandle(handle);
        if (entry) entries.set(entry.messageId, { ...entry, hiddenUntilMs: 0 });
      }
    },
    async delete(handles) {
      return handles.map((handle) => {
        const entry = deletes ? findByHandle(handle) : undefined;
        return entry !== undefined && entries.delete(entry.messageId);
      });
    },
  };
}

/** SQS's redrive in memory: it moves as many messages between two looks as it is told to. */
interface MemoryMoveTasks extends MoveTasks {
  /** Messages of the queue that a task moves; the rate with which one was started. */
  readonly rates: readonly number[];
}

interface MemoryMoveTasksOptions {
  /** Takes up to so many messages from the queue; returns how many it took. */
  readonly take: (count: number) => number;
  readonly perLook?: number;
  readonly failureReason?: string;
}

function createMemoryMoveTasks({
  take,
  perLook = 2,
  failureReason,
}: MemoryMoveTasksOptions): MemoryMoveTasks {
  const rates: number[] = [];
  let task: MoveTask | undefined;

  function step(running: MoveTask): MoveTask {
    const moved = running.moved + take(perLook);
    if (failureReason !== undefined)
      return { ...running, status: 'failed', handle: undefined, failureReason };
    const isOver = moved === running.moved;
    return isOver ? { ...running, status: 'completed', handle: undefined } : { ...running, moved };
  }

  return {
    rates,
    async start({ ratePerSecond }) {
      if (task?.status === 'running') throw new OperationError('redrive_running', 'running already');
      rates.push(ratePerSecond);
      task = { status: 'running', moved: 0, toMove: undefined, handle: 'task-1', failureReason: undefined };
    },
    async latest() {
      if (task?.status === 'running') task = step(task);
      return task;
    },
    async cancel() {
      if (task) task = { ...task, status: 'cancelled', handle: undefined };
    },
  };
}
