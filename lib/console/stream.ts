import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { SECURITY_HEADERS } from './guard.ts';

/** What one event says; the page knows the names. */
export interface StreamEvent {
  readonly name: 'overview' | 'line' | 'redrive';
  readonly data: unknown;
}

/** Server-sent events: whoever reads gets each, and after an interruption those that were missed. */
export interface EventStream {
  open(incoming: IncomingMessage, outgoing: ServerResponse): void;
  /** Ends every stream. */
  stop(): void;
}

interface EventStreamOptions {
  readonly clock: Clock;
  /** What is new; asked for as long as anybody reads, and at once when somebody begins. */
  readonly takeNews: () => Promise<readonly StreamEvent[]>;
  /** All that a page needs which has missed too much. */
  readonly readAll: () => Promise<readonly StreamEvent[]>;
}

const LOOK_EVERY_MS = 500;
const HEARTBEAT_MS = 15_000;
const MOST_KEPT = 1000;
const MOST_STREAMS = 32;
// A reader that takes nothing is closed: it comes back by itself, and takes up where it was.
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

export function createEventStream({ clock, takeNews, readAll }: EventStreamOptions): EventStream {
  const streams = new Set<ServerResponse>();
  const kept: { readonly id: number; readonly text: string }[] = [];
  // Ids of an earlier start are all smaller, and none of them is kept.
  let nextId = clock.nowMs();
  let running: AbortController | undefined;

  function send(outgoing: ServerResponse, text: string): void {
    // An end would wait behind what is unread.
    if (outgoing.writableLength > MOST_UNREAD_BYTES) outgoing.destroy();
    else outgoing.write(text);
  }

  function close(outgoing: ServerResponse): void {
    streams.delete(outgoing);
    outgoing.end();
    if (streams.size === 0) running?.abort();
  }

  function publish(events: readonly StreamEvent[]): void {
    for (const { name, data } of events) {
      const id = nextId;
      nextId += 1;
      const text = toText(name, data, id);
      kept.push({ id, text });
      if (kept.length > MOST_KEPT) kept.shift();
      for (const outgoing of streams) send(outgoing, text);
    }
  }

  /** Runs as long as anybody reads: a console that nobody looks at asks the stage for nothing. */
  async function run(signal: AbortSignal): Promise<void> {
    let beatMs = clock.nowMs();
    while (!signal.aborted) {
      // What cannot be read now is read the next time; the overview says what was not.
      publish(await takeNews().catch(() => []));
      if (clock.nowMs() - beatMs >= HEARTBEAT_MS) {
        beatMs = clock.nowMs();
        for (const outgoing of streams) send(outgoing, ': still here\n\n');
      }
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  }

  async function catchUp(outgoing: ServerResponse, lastId: number | undefined): Promise<void> {
    const isKept = lastId !== undefined && lastId < nextId && (kept[0]?.id ?? nextId) <= lastId + 1;
    if (isKept) {
      for (const { id, text } of kept) if (id > lastId) send(outgoing, text);
      return;
    }
    // Under the id of the newest event: what comes after it comes by itself.
    const all = await readAll().catch(() => []);
    for (const { name, data } of all) send(outgoing, toText(name, data, nextId - 1));
  }

  return {
    open(incoming, outgoing) {
      const [oldest] = streams;
      if (streams.size >= MOST_STREAMS && oldest) close(oldest);
      outgoing.writeHead(200, { 'content-type': 'text/event-stream', ...SECURITY_HEADERS });
      outgoing.on('close', () => close(outgoing));
      outgoing.write('retry: 1000\n\n');
      const lastId = Number(incoming.headers['last-event-id'] ?? Number.NaN);
      void catchUp(outgoing, Number.isSafeInteger(lastId) ? lastId : undefined);
      streams.add(outgoing);
      if (running && !running.signal.aborted) return;
      running = new AbortController();
      void run(running.signal);
    },
    stop() {
      for (const outgoing of streams) close(outgoing);
      running?.abort();
    },
  };
}

function toText(name: string, data: unknown, id: number): string {
  // JSON has no line break, so one line of data is enough.
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
