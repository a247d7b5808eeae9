import type { Clock } from '../../ports/clock.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { MappingEvent } from '../lambda/mapping-event.ts';
import { formatEvent } from './format-event.ts';
import { formatMappingEvent } from './format-mapping-event.ts';
import { formatProgress } from './format-progress.ts';
import { createTotalsCounter, type RunTotals } from './run-totals.ts';

// Often enough to see coalescing at work, seldom enough to read the rest.
const PROGRESS_EVERY_MS = 15_000;

export interface Terminal extends Telemetry {
  say(text: string): void;
  /** Shows what went wrong between the queue and the consumer. */
  showMapping(event: MappingEvent): void;
  totals(): RunTotals;
  stop(): void;
}

/** Shows what the pipeline does as it does it, a line an event, and from time to time what coalescing saved. */
export function openTerminal({ write, clock }: { write: (text: string) => void; clock: Clock }): Terminal {
  const counter = createTotalsCounter();
  const stopped = new AbortController();
  let lastProgress = formatProgress(counter.totals());

  const say = (text: string) => write(`${text}\n`);
  const sayIfAny = (text: string | undefined) => {
    if (text !== undefined) sayAt(text);
  };
  const sayAt = (text: string) => say(`${toTimeOfDay(clock.nowMs())}  ${text}`);
  showProgress();

  return {
    say,
    totals: counter.totals,
    stop: () => stopped.abort(),
    emit(event) {
      counter.count(event);
      sayIfAny(formatEvent(event, counter.hooksOf));
    },
    showMapping: (event) => sayIfAny(formatMappingEvent(event)),
  };

  async function showProgress(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(PROGRESS_EVERY_MS, stopped.signal).catch(() => undefined);
      const progress = formatProgress(counter.totals());
      if (!stopped.signal.aborted && progress !== lastProgress) sayAt(progress);
      lastProgress = progress;
    }
  }
}

function toTimeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
