import { toQueueAddress } from '../aws/failures.ts';
import type { Clock } from '../clock.ts';
import { OperationError, toJobError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import type { Operations } from '../operate/operations.ts';
import { readStatus, type Status } from '../operate/status.ts';
import { createFaces, type Faces } from './faces.ts';
import { createLetterCache, type LetterCache } from './letter-cache.ts';
import { createLoggedTraffic } from './logged-traffic.ts';
import { type Meaning, readMeanings } from './meanings.ts';
import { createRedrives, type Redrives } from './redrives.ts';
import { createRunCache, type RunCache } from './run-cache.ts';
import { type Curves, createCurves } from './series.ts';
import type { Traffic } from './traffic.ts';

/** What one console works with. Every route takes it, or the part that it needs. */
export interface ConsoleContext {
  readonly operations: Operations;
  readonly traffic: Traffic;
  readonly runs: RunCache;
  readonly letters: LetterCache;
  readonly redrives: Redrives;
  readonly faces: Faces;
  readonly meanings: ReadonlyMap<string, Meaning>;
  readonly status: StatusCache;
  /** The day's calls as they were read, for a stage whose events are not at hand. */
  readonly curves: Curves;
  /** Lets a conversation happen, where there is a simulator to play in. */
  readonly play: (() => void) | undefined;
  /** Sessions whose name or last message was read since this was asked last. */
  readonly takeNamed: () => readonly SessionRef[];
  readonly clock: Clock;
}

export interface ConsoleOptions {
  /** Of this start; at least 128 bits. */
  readonly token: string;
  /** Finds the stage, and connects to it; called at the first request that needs it. */
  readonly connect: () => Promise<Operations>;
  /** What this process sees of the pipeline; absent: derived from the run log. */
  readonly traffic?: Traffic;
  readonly play?: () => void;
  readonly clock: Clock;
}

// Local mode answers in milliseconds and costs nothing; a stage takes a dozen calls to AWS each time.
const LOCAL = { statusMs: 1000, runsMs: 1000, looksMs: 5000, rate: 10 };
const DEPLOYED = { statusMs: 10_000, runsMs: 5000, looksMs: 60_000, rate: 1 };

/** Connects to the stage, and opens what the console keeps of it. Rejects with `OperationError`. */
export async function openContext(
  { connect, clock, traffic, play }: ConsoleOptions,
  signal: AbortSignal,
): Promise<ConsoleContext> {
  const [operations, meanings] = await Promise.all([connect(), readMeanings()]);
  const { deadLetters, runHistory } = operations;
  const pace = isLocal(operations) ? LOCAL : DEPLOYED;
  const status = createStatusCache(operations, clock, pace.statusMs);
  const runs = createRunCache({ runHistory, clock, everyMs: pace.runsMs });
  const letters = createLetterCache({
    deadLetters,
    count: async () => {
      await status.refresh();
      return countMessages(status.read(), 'sessions-dlq');
    },
    clock,
    everyMs: pace.looksMs,
    signal,
  });
  const named = new Map<string, SessionRef>();
  return {
    operations,
    traffic: traffic ?? createLoggedTraffic(runs, clock),
    runs,
    letters,
    redrives: createRedrives({ operations, letters, runs, clock, signal, defaultRate: pace.rate }),
    faces: createFaces({
      archive: operations.archive,
      onFace: (session) => void named.set(session.sessionId, session),
    }),
    meanings,
    status,
    curves: createCurves(),
    play,
    takeNamed() {
      const taken = [...named.values()];
      named.clear();
      return taken;
    },
    clock,
  };
}

export function isLocal({ stage }: Pick<Operations, 'stage'>): boolean {
  return stage.localUrl !== undefined;
}

/** What a person types before anything changes at a deployed stage: the name of its sessions queue. */
export function toConfirmation(operations: Pick<Operations, 'stage'>): string | null {
  return isLocal(operations) ? null : toQueueAddress(operations.stage.queues.sessions).name;
}

/** How the stage stands, as of a while ago. */
interface StatusCache {
  /** Reads it anew where the last time is long enough ago. Never rejects. */
  refresh(): Promise<void>;
  read(): Status | undefined;
  /** Makes the next refresh read it, whenever the last time was. */
  expire(): void;
  /** Why nothing could be read the last time, as a sentence. */
  problem(): string | undefined;
  asOfMs(): number;
}

function createStatusCache(operations: Operations, clock: Clock, everyMs: number): StatusCache {
  let status: Status | undefined;
  let problem: string | undefined;
  let [readMs, triedMs] = [0, 0];
  let reading: Promise<void> | undefined;

  async function readNow(): Promise<void> {
    triedMs = clock.nowMs();
    try {
      const { readQueues, readBreaker, readQuota } = operations;
      // What SQS says of its newest redrive, and the newest records: requests that nothing here shows.
      status = await readStatus({
        readQueues,
        readBreaker,
        readQuota,
        clock,
        latestMoveTask: async () => undefined,
        readRecentRuns: async () => [],
      });
      readMs = clock.nowMs();
      problem = undefined;
    } catch (thrown) {
      problem = toSentence(thrown);
    }
  }

  return {
    async refresh() {
      if (triedMs > 0 && clock.nowMs() - triedMs < everyMs) return reading;
      reading ??= readNow().finally(() => {
        reading = undefined;
      });
      await reading;
    },
    read: () => status,
    expire() {
      triedMs = 0;
    },
    problem: () => problem,
    asOfMs: () => readMs,
  };
}

/** Those of a queue, whatever they wait for; undefined where it could not be read. */
export function countMessages(status: Status | undefined, queue: string): number | undefined {
  const { description } = status?.queues.find(({ name }) => name === queue) ?? {};
  return description && description.visible + description.inFlight + description.delayed;
}

/** Why a part of the stage could not be read. */
export function toSentence(thrown: unknown): string {
  if (thrown instanceof OperationError) return thrown.message;
  const error = toJobError(thrown);
  // A defect's place is of no use to whoever reads this.
  return error.code === 'unexpected' ? error.reason : error.message;
}
