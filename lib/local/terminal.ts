import type { Clock } from '../clock.ts';
import { createLiveTraffic, type LiveTraffic } from '../console/live-traffic.ts';
import { parseSessionRef, type SessionRef } from '../ids.ts';
import type { EnrichedRecord } from '../record/schema.ts';
import type { Telemetry, TelemetryEvent } from '../telemetry/events.ts';
import type { MappingEvent } from './lambda/batch.ts';
import {
  type Fetched,
  formatEvent,
  formatFetch,
  formatMappingEvent,
  formatProgress,
  formatRecord,
  formatUnchanged,
  toTimeOfDay,
} from './lines.ts';

// Often enough to see coalescing at work, seldom enough to read the rest.
const PROGRESS_EVERY_MS = 15_000;

// A record takes half a dozen lines: one now and then shows what comes out, more would hide the rest.
const RECORD_EVERY_MS = 15_000;

/** Reads an announced record; undefined where it is gone. */
export type ReadRecord = (session: SessionRef, version: number) => Promise<EnrichedRecord | undefined>;

export interface Terminal extends Telemetry {
  say(text: string): void;
  /**
   * From now on shows the content of a record every few seconds. For invented conversations only: what people really wrote
   * is in no output.
   */
  showRecords(read: ReadRecord): void;
  /** Shows what went wrong between the queue and the consumer. */
  showMapping(event: MappingEvent): void;
  /** What it has counted; the console shows the same. */
  readonly traffic: LiveTraffic;
  stop(): void;
}

/** Shows what the pipeline does as it does it, a line an event, and from time to time what coalescing saved. */
export function openTerminal({ write, clock }: { write: (text: string) => void; clock: Clock }): Terminal {
  const traffic = createLiveTraffic(clock);
  const stopped = new AbortController();
  // A fetch is shown with what came of it: most of those that found nothing new need no line of their own.
  const fetches = new Map<string, Fetched>();
  let lastProgress = formatProgress(traffic.totals());
  let readRecord: ReadRecord | undefined;
  let lastRecordMs = Number.NEGATIVE_INFINITY;

  const say = (text: string) => write(`${text}\n`);
  const sayIfAny = (text: string | undefined) => {
    if (text !== undefined) sayAt(text);
  };
  const sayAt = (text: string) => say(`${toTimeOfDay(clock.nowMs())}  ${text}`);
  showProgress();

  return {
    say,
    traffic,
    stop: () => stopped.abort(),
    showRecords(read) {
      readRecord = read;
    },
    emit(event) {
      // Those that the fetch answers wait no longer once it is counted.
      if (event.name === 'conversation-fetched')
        fetches.set(event.sessionId, { ...event, hooks: traffic.pendingHooks(event) });
      traffic.emit(event);
      if (event.name === 'conversation-fetched') return;
      const fetched =
        'sessionId' in event && event.sessionId ? takeFetch(event.sessionId, event.name) : undefined;
      if (fetched && event.name === 'record-unchanged') {
        sayAt(formatUnchanged(fetched));
        return;
      }
      if (fetched) sayAt(formatFetch(fetched));
      const coalesced = event.name === 'session-enqueued' ? traffic.pendingHooks(event, event.messageId) : 0;
      sayIfAny(formatEvent(event, coalesced));
      if (event.name === 'record-emitted' && event.kind === 'conversation.enriched')
        showRecord(event, fetched);
    },
    showMapping: (event) => sayIfAny(formatMappingEvent(event)),
  };

  function takeFetch(sessionId: string, name: TelemetryEvent['name']): Fetched | undefined {
    if (!ENDS_OF_A_FETCH.has(name)) return undefined;
    const fetched = fetches.get(sessionId);
    fetches.delete(sessionId);
    return fetched;
  }

  function showRecord(
    { websiteId, sessionId, version }: { websiteId: string; sessionId: string; version: number },
    fetched: Fetched | undefined,
  ): void {
    const nowMs = clock.nowMs();
    const session = parseSessionRef(websiteId, sessionId);
    if (!readRecord || !session || nowMs - lastRecordMs < RECORD_EVERY_MS) return;
    lastRecordMs = nowMs;
    readRecord(session, version).then(
      (record) => record && say(formatRecord(record, fetched?.hooks ?? 0)),
      () => undefined, // It is only a look; what is wrong with the archive, the consumer says.
    );
  }

  async function showProgress(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(PROGRESS_EVERY_MS, stopped.signal).catch(() => undefined);
      const progress = formatProgress(traffic.totals());
      if (!stopped.signal.aborted && progress !== lastProgress) sayAt(progress);
      lastProgress = progress;
    }
  }
}

const ENDS_OF_A_FETCH: ReadonlySet<TelemetryEvent['name']> = new Set([
  'record-emitted',
  'record-unchanged',
  'job-failed',
  'job-dead',
  'job-deferred',
  'job-skipped',
]);
