import type { Clock } from '../../../ports/clock.ts';
import type { MessageLine } from './message-line.ts';

/** The receives that wait for a message of one queue. */
export interface LongPolls {
  /** Resolves when a message may be there, or after the wait. */
  wait(waitSeconds: number): Promise<void>;
  /** To be called after each change of the line: wakes a poll, or sets the alarm for the next moment of the line. */
  update(): void;
  cancel(): void;
}

export interface LongPollsDeps {
  readonly clock: Clock;
  readonly line: Pick<MessageLine, 'hasAvailable' | 'nextDueMs'>;
  /** Brings the line up to date. */
  readonly advance: () => void;
}

export function createLongPolls({ clock, line, advance }: LongPollsDeps): LongPolls {
  // Those who wait longest first.
  const waiting = new Set<() => void>();
  let alarm: { readonly atMs: number; readonly off: AbortController } | undefined;

  function update(): void {
    const [longest] = waiting;
    if (longest !== undefined && line.hasAvailable) longest();
    setAlarm(waiting.size > 0 ? line.nextDueMs() : undefined);
  }

  function setAlarm(atMs: number | undefined): void {
    if (alarm?.atMs === atMs) return;
    alarm?.off.abort();
    alarm = undefined;
    if (atMs === undefined) return;
    const off = new AbortController();
    alarm = { atMs, off };
    clock.sleep(Math.max(0, atMs - clock.nowMs()), off.signal).then(ring, () => {}); // Set off: another one is set.
  }

  function ring(): void {
    alarm = undefined;
    advance();
    update();
  }

  return {
    async wait(waitSeconds) {
      const woken = Promise.withResolvers<void>();
      const over = new AbortController();
      const wake = () => {
        waiting.delete(wake);
        over.abort();
        woken.resolve();
      };
      waiting.add(wake);
      clock.sleep(waitSeconds * 1000, over.signal).then(wake, () => {}); // Woken before.
      update();
      await woken.promise;
    },
    update,
    cancel() {
      for (const wake of [...waiting]) wake();
      setAlarm(undefined);
    },
  };
}
