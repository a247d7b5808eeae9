import type { Clock } from '../../clock.ts';

interface ScheduleOptions {
  readonly everyMs: number;
  /** One run; the next one waits for its end. */
  readonly run: () => Promise<unknown>;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

interface Schedule {
  /** Lets a run under way finish for a moment. */
  stop(): Promise<void>;
}

const GRACE_MS = 2000;

/** EventBridge's schedule of a function: first after one interval, then again and again, whatever a run comes to. */
export function startSchedule({ everyMs, run, clock, onFailure }: ScheduleOptions): Schedule {
  const stopped = new AbortController();
  const ended = repeat();

  return {
    async stop() {
      stopped.abort();
      const over = new AbortController();
      const grace = clock.sleep(GRACE_MS, over.signal).catch(() => undefined); // Ended before.
      await Promise.race([ended, grace]);
      over.abort();
    },
  };

  async function repeat(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(everyMs, stopped.signal).catch(() => undefined); // Stopped.
      if (!stopped.signal.aborted) await run().catch(onFailure);
    }
  }
}
