import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import type { Line, Overview, Redrive, Session } from '../model.ts';

/**
 * `live`: events come. `lost`: nothing answers; it is tried again and again. `locked`: the cookie is missing or of an
 * earlier start.
 */
export type Connection = 'connecting' | 'live' | 'lost' | 'locked';

/** What every view shares, and what the event stream changes. */
export interface Shared {
  readonly connection: Connection;
  readonly overview: Overview | undefined;
  /** By session; undefined until they were read once. */
  readonly lines: ReadonlyMap<string, Line> | undefined;
  /** Where the lines go on that were not read yet; null: there are no others. */
  readonly olderLines: string | null;
  readonly redrives: ReadonlyMap<string, Redrive>;
}

let shared: Shared = {
  connection: 'connecting',
  overview: undefined,
  lines: undefined,
  olderLines: null,
  redrives: new Map(),
};
const listeners = new Set<() => void>();
let isTelling = false;

export function getShared(): Shared {
  return shared;
}

/** A burst of changes is drawn once. */
export function changeShared(changes: Partial<Shared>): void {
  shared = { ...shared, ...changes };
  if (isTelling) return;
  isTelling = true;
  setTimeout(() => {
    isTelling = false;
    for (const listener of [...listeners]) listener();
  }, 16);
}

/** A part of what is shared; drawn again when that part is another. */
export function useShared<T>(select: (shared: Shared) => T): T {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const value = select(shared);
  const last = useRef({ select, value });
  last.current = { select, value };
  useLayoutEffect(() => {
    const listener = () => {
      if (last.current.select(shared) !== last.current.value) redraw(undefined);
    };
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return value;
}

export function toSessionKey({ websiteId, sessionId }: Session): string {
  return `${websiteId}/${sessionId}`;
}

export function putLines(changed: readonly Line[]): void {
  const lines = new Map(shared.lines);
  for (const line of changed) lines.set(toSessionKey(line.session), line);
  changeShared({ lines });
}

export function putRedrives(changed: readonly Redrive[]): void {
  const redrives = new Map(shared.redrives);
  for (const redrive of changed) redrives.set(redrive.id, redrive);
  changeShared({ redrives });
}

const tickers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

/** The time, once a second for all that shows how long ago something was. */
export function useNow(): number {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useLayoutEffect(() => {
    const tick = () => redraw(undefined);
    tickers.add(tick);
    ticking ??= setInterval(() => {
      if (!document.hidden) for (const each of tickers) each();
    }, 1000);
    return () => {
      tickers.delete(tick);
      if (tickers.size > 0) return;
      clearInterval(ticking);
      ticking = undefined;
    };
  }, []);
  return Date.now();
}
