import type { Redrive, RedriveEntry, RedriveRequest } from '../model.ts';
import { getJson, postJson } from './api.ts';
import { State, type Tone } from './state.tsx';
import { putRedrives, useNow, useShared } from './store.ts';
import { Text } from './text.tsx';
import { formatCount, formatSpan, plural } from './words.ts';

/** Starts a redrive under a key of its own, so that a request sent twice is one run. */
export async function startRedrive(request: Omit<RedriveRequest, 'key'>): Promise<string> {
  const { id } = await postJson<{ id: string }>('/redrives', { ...request, key: crypto.randomUUID() });
  putRedrives([await getJson<Redrive>(`/redrives/${encodeURIComponent(id)}`)]);
  return id;
}

const indexes = new WeakMap<ReadonlyMap<string, Redrive>, ReadonlyMap<string, RedriveEntry>>();

/** What the newest redrive that has a message in hand says of it. */
export function findEntry(
  redrives: ReadonlyMap<string, Redrive>,
  messageId: string,
): RedriveEntry | undefined {
  let index = indexes.get(redrives);
  if (!index) {
    const oldestFirst = [...redrives.values()].sort((a, b) => a.startedMs - b.startedMs);
    const entries = oldestFirst.flatMap((redrive) => redrive.entries);
    index = new Map(entries.map((entry) => [entry.messageId, entry]));
    indexes.set(redrives, index);
  }
  return index.get(messageId);
}

const SHOWN_AFTER_END_MS = 10 * 60_000;

/** The redrives that run, and for some minutes those that have ended. */
export function RedriveBars() {
  const redrives = useShared((shared) => shared.redrives);
  const now = useNow();
  const shown = [...redrives.values()]
    .filter(({ endedMs }) => endedMs === null || now - endedMs < SHOWN_AFTER_END_MS)
    .sort((a, b) => b.startedMs - a.startedMs)
    .slice(0, 3);
  if (shown.length === 0) return null;
  return (
    <section class="redrives" aria-label="Redrives">
      {shown.map((redrive) => (
        <RedriveBar key={redrive.id} redrive={redrive} now={now} />
      ))}
    </section>
  );
}

function RedriveBar({ redrive, now }: { redrive: Redrive; now: number }) {
  const { label, total, counts, endedMs, problem, ratePerSecond, moved } = redrive;
  const ended = total - counts.waiting - counts.queued;
  const leftMs = ratePerSecond > 0 ? ((total - moved) / ratePerSecond) * 1000 : 0;
  return (
    <div class="redrive">
      <div class="redrive-head">
        <span>
          {endedMs === null ? (
            <State tone="busy">
              <b>Redrive</b>
            </State>
          ) : (
            <State tone={counts.failed + counts.kept > 0 || problem !== null ? 'warn' : 'ok'}>
              <b>Redrive ended</b>
            </State>
          )}{' '}
          <Text>{label}</Text>
        </span>
        <span class="muted">
          {formatCount(ended)} of {formatCount(total)}
          {endedMs === null
            ? ` · ${ratePerSecond} a second${moved < total ? ` · ${formatSpan(leftMs)} to move the rest` : ''}`
            : ` · ${formatSpan(now - endedMs)} ago`}
        </span>
      </div>
      <div
        class="progress"
        role="progressbar"
        aria-label={`Redrive of ${plural(total, 'message')}`}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={ended}
      >
        <span class="progress-moved" style={{ width: share(moved, total) }} />
        <span class="progress-ended" style={{ width: share(ended, total) }} />
      </div>
      <div class="redrive-counts">
        <Counts counts={counts} />
        {problem !== null && (
          <span class="tone-bad">
            <Text>{problem}</Text>
          </span>
        )}
      </div>
    </div>
  );
}

function share(part: number, whole: number): string {
  return `${whole === 0 ? 100 : (part / whole) * 100}%`;
}

const WORDS: readonly (readonly [RedriveEntry['state'], Tone, ...words: string[]])[] = [
  ['waiting', 'busy', 'not moved yet'],
  ['queued', 'busy', 'queued'],
  ['record', 'ok', 'new record', 'new records'],
  ['unchanged', 'quiet', 'unchanged'],
  ['covered', 'quiet', 'covered'],
  ['failed', 'bad', 'failed again'],
  ['kept', 'warn', 'kept'],
  ['gone', 'warn', 'gone'],
];

function Counts({ counts }: { counts: Redrive['counts'] }) {
  return (
    <>
      {WORDS.filter(([state]) => counts[state] > 0).map(([state, tone, word = '', words]) => (
        <State key={state} tone={tone}>
          {plural(counts[state], word, words ?? word)}
        </State>
      ))}
    </>
  );
}
