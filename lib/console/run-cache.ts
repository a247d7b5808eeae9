import type { Clock } from '../clock.ts';
import type { Run, RunHistory } from '../ledger/runs.ts';

/** The newest runs of a stage, kept here so that a page of them costs no request. */
export interface RunCache {
  /** Reads what is new, where the last time is long enough ago. Rejects as the ledger does; what was known stays. */
  refresh(): Promise<void>;
  /** Newest first. */
  list(): readonly Run[];
  /** When they were read, epoch ms; 0 before. */
  asOfMs(): number;
  /** Why they could not be read the last time; undefined where they could. */
  failure(): unknown;
  /** True where there are more than are kept. */
  isCut(): boolean;
  /** Calls `hear` with runs that are new here, the oldest first; the function that is returned ends it. */
  onRuns(hear: (runs: readonly Run[]) => void): () => void;
}

interface RunCacheOptions {
  readonly runHistory: Pick<RunHistory, 'recent'>;
  readonly clock: Clock;
  /** The least time between two reads. */
  readonly everyMs: number;
}

const MOST_RUNS = 10_000;
const FIRST_READ = 1000;
const NEXT_READ = 100;
// Runs are noted when they end, under the time at which they began: as long as a function runs, an older one may come.
const LATE_MS = 3 * 60_000;

export function createRunCache({ runHistory, clock, everyMs }: RunCacheOptions): RunCache {
  let runs: readonly Run[] = [];
  let known: ReadonlySet<string> = new Set();
  let readMs = 0;
  let isCut = false;
  let failure: unknown;
  let reading: Promise<void> | undefined;
  const listeners = new Set<(runs: readonly Run[]) => void>();

  /** Reads back until everything that can be new was seen. */
  async function readNew(): Promise<void> {
    const nowMs = clock.nowMs();
    const untilMs = (runs[0]?.startedMs ?? 0) - LATE_MS;
    let limit = runs.length === 0 ? FIRST_READ : NEXT_READ;
    let newest = await runHistory.recent({ limit, nowMs });
    while (newest.length === limit && limit < MOST_RUNS && (newest.at(-1)?.startedMs ?? 0) >= untilMs) {
      limit = Math.min(MOST_RUNS, limit * 3);
      newest = await runHistory.recent({ limit, nowMs });
    }
    readMs = nowMs;
    isCut ||= newest.length === MOST_RUNS;
    const fresh = newest.filter((run) => !known.has(toKey(run)));
    if (fresh.length === 0) return;
    const all = [...fresh, ...runs].sort((a, b) => b.startedMs - a.startedMs);
    isCut ||= all.length > MOST_RUNS;
    runs = all.slice(0, MOST_RUNS);
    known = new Set(runs.map(toKey));
    for (const hear of listeners) hear(fresh.toReversed());
  }

  return {
    async refresh() {
      if (readMs > 0 && clock.nowMs() - readMs < everyMs) return;
      reading ??= readNew()
        .then(
          () => {
            failure = undefined;
          },
          (thrown) => {
            failure = thrown;
            throw thrown;
          },
        )
        .finally(() => {
          reading = undefined;
        });
      await reading;
    },
    list: () => runs,
    asOfMs: () => readMs,
    failure: () => failure,
    isCut: () => isCut,
    onRuns(hear) {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
  };
}

/** Names a run among all. */
export function toKey({ messageId, startedMs, receiveCount }: Run): string {
  return `${startedMs}.${receiveCount}.${messageId}`;
}
