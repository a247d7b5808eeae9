import type { Line, Lines, Overview, Redrive, Redrives } from '../model.ts';
import { ApiError, getJson, postJson } from './api.ts';
import { changeShared, putLines, putRedrives } from './store.ts';

const LINES = 200;
const RETRY_MS = 1500;

let source: EventSource | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Exchanges the token of the address for a cookie, and removes it from the address and the history. */
export async function openSession(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  if (token) await postJson('/session', { token }).catch(() => undefined);
}

/** Reads what there is, then follows what happens; silent while the tab is hidden. */
export function follow(): void {
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : void open()));
  if (!document.hidden) void open();
}

function close(): void {
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

async function open(): Promise<void> {
  close();
  try {
    const [overview, lines, redrives] = await Promise.all([
      getJson<Overview>('/overview'),
      getJson<Lines>(`/lines?limit=${LINES}`),
      getJson<Redrives>('/redrives'),
    ]);
    changeShared({ overview, connection: 'live' });
    changeShared({ olderLines: lines.next });
    putLines(lines.lines);
    putRedrives(redrives.redrives);
    listen();
  } catch (error) {
    giveUp(error);
  }
}

function listen(): void {
  close();
  source = new EventSource('/console/api/events');
  on<Overview>(source, 'overview', (overview) => changeShared({ overview, connection: 'live' }));
  on<Line>(source, 'line', (line) => putLines([line]));
  on<Redrive>(source, 'redrive', (redrive) => putRedrives([redrive]));
  source.onopen = () => changeShared({ connection: 'live' });
  // The stream ends with the server. What was missed meanwhile is read, so a new one need not resume.
  source.onerror = () => giveUp();
}

function on<T>(from: EventSource, name: string, take: (data: T) => void): void {
  from.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as T));
}

function giveUp(error?: unknown): void {
  close();
  const isLocked = error instanceof ApiError && (error.status === 401 || error.status === 403);
  // A stream that breaks off once is opened again before anyone is told.
  if (error !== undefined) changeShared({ connection: isLocked ? 'locked' : 'lost' });
  retry = setTimeout(() => void open(), error === undefined ? 100 : RETRY_MS);
}
