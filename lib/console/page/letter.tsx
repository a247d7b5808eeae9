import { useRef, useState } from 'preact/hooks';
import type { DeadLetters, Letter, Redrive, RedriveEntry, Session } from '../model.ts';
import { ApiError, useLoaded } from './api.ts';
import { Confirmed } from './confirm.tsx';
import { useKeys } from './keys.tsx';
import { startRedrive } from './redrives.tsx';
import { ENTRY_STATES, State } from './state.tsx';
import { toSessionKey, useNow, useShared } from './store.ts';
import { Text } from './text.tsx';
import { formatClock, formatSpan, formatVersion, plural } from './words.ts';

/** Why a conversation is in the dead-letter queue, the button that brings it back, and what became of that. */
export function LetterCards({ session, letters }: { session: Session; letters: readonly Letter[] }) {
  const key = toSessionKey(session);
  const outcome = useShared(({ redrives }) => findOutcome(redrives, key));
  const onTheirWay = new Set(outcome?.map(({ messageId }) => messageId));
  const dead = Map.groupBy(
    letters.filter(({ messageId }) => !onTheirWay.has(messageId)),
    ({ code }) => code,
  );
  return (
    <>
      {outcome && <OutcomeCard entries={outcome} />}
      {[...dead].map(([code, ofCode]) => (
        <LetterCard key={code} code={code} letters={ofCode} />
      ))}
    </>
  );
}

/** Messages of one conversation that failed for one reason come back together. */
function LetterCard({ code, letters }: { code: string; letters: readonly Letter[] }) {
  const now = useNow();
  const { data } = useLoaded<DeadLetters>('/dead-letters');
  const group = data?.groups.find((each) => each.code === code);
  const box = useRef<HTMLElement>(null);
  useKeys({ r: () => box.current?.querySelector<HTMLButtonElement>('[data-retry]')?.click() });
  const newest = letters.reduce((a, b) => ((b.deadMs ?? 0) > (a.deadMs ?? 0) ? b : a));
  return (
    <section ref={box} class="letter-card" aria-label="Dead letter">
      <div class="letter-words">
        <p>
          <State tone="bad">
            <strong>Dead-lettered</strong>
          </State>{' '}
          <Text>{newest.words}</Text> {group && <span class="remedy">{group.remedy}</span>}
        </p>
        <p class="muted">
          <code>{code}</code> · {letters.length > 1 && <>{plural(letters.length, 'message')} · </>}
          {plural(newest.attempts, 'attempt')}
          {newest.deadMs !== null && <> · {formatSpan(now - newest.deadMs)} ago</>}
          {newest.expiresMs !== null && <> · kept for {formatSpan(newest.expiresMs - now)}</>}
        </p>
      </div>
      <div class="letter-act">
        <RetryButton letters={letters} isPrimary />
      </div>
    </section>
  );
}

/** While a retry goes on, and for a while after. */
function OutcomeCard({ entries }: { entries: readonly RedriveEntry[] }) {
  const last = entries.find(({ state }) => !ENDED.includes(state)) ?? entries.find(isNews) ?? entries[0];
  if (!last) return null;
  const [tone] = ENTRY_STATES[last.state];
  return (
    <section class={`letter-card is-${tone}`} aria-label="Retry">
      <p>
        <strong>Retry</strong> <EntryState entry={last} />
      </p>
    </section>
  );
}

const isNews = ({ state }: RedriveEntry) => state === 'record' || state === 'failed';

const OUTCOME_SHOWN_MS = 10 * 60_000;
const outcomes = new WeakMap<object, Map<string, readonly RedriveEntry[] | undefined>>();

/** The entries of a session in its newest redrive, unless that is long over. One answer for one state of the redrives. */
function findOutcome(
  redrives: ReadonlyMap<string, Redrive>,
  key: string,
): readonly RedriveEntry[] | undefined {
  const known = outcomes.get(redrives) ?? new Map<string, readonly RedriveEntry[] | undefined>();
  outcomes.set(redrives, known);
  if (!known.has(key)) {
    const [newest] = [...redrives.values()]
      .filter(({ endedMs }) => endedMs === null || Date.now() - endedMs < OUTCOME_SHOWN_MS)
      .sort((a, b) => b.startedMs - a.startedMs)
      .map(({ entries }) => entries.filter(({ session }) => session && toSessionKey(session) === key))
      .filter((entries) => entries.length > 0);
    known.set(key, newest);
  }
  return known.get(key);
}

const ENDED: readonly RedriveEntry['state'][] = ['record', 'unchanged', 'covered', 'failed', 'kept', 'gone'];
const AGAIN: readonly RedriveEntry['state'][] = ['failed', 'kept'];

interface RetryProps {
  readonly letters: readonly Letter[];
  readonly entry?: RedriveEntry | undefined;
  readonly isPrimary?: boolean;
}

/** Retries some messages of one conversation; not to be pressed while they are on their way, or once they are back. */
export function RetryButton({ letters, entry, isPrimary = false }: RetryProps) {
  const [problem, setProblem] = useState<string>();
  const retry = (confirm: string | undefined) =>
    startRedrive({
      messageIds: letters.map(({ messageId }) => messageId),
      ...(confirm && { confirm }),
    }).then(
      () => setProblem(undefined),
      (error: unknown) => setProblem(error instanceof ApiError ? error.message : String(error)),
    );
  const session = letters[0]?.session;
  if (!session || (entry && !AGAIN.includes(entry.state))) return null;
  return (
    <>
      {problem && <span class="tone-bad">{problem}</span>}
      <Confirmed isPrimary={isPrimary} isRetry onAct={retry} label={`Retry ${session.sessionId}`}>
        Retry
      </Confirmed>
    </>
  );
}

/** `queued, due in N s`, then what became of it. */
export function EntryState({ entry }: { entry: RedriveEntry }) {
  const now = useNow();
  const [tone, word] = ENTRY_STATES[entry.state];
  return (
    <span role="status">
      <State tone={tone}>
        {word}
        <EntryDetail entry={entry} now={now} />
      </State>
    </span>
  );
}

function EntryDetail({
  entry: { state, dueMs, version, sinceMs, words },
  now,
}: {
  entry: RedriveEntry;
  now: number;
}) {
  switch (state) {
    case 'queued':
      if (dueMs === null) return null;
      return <>{dueMs > now ? `, due in ${formatSpan(dueMs - now)}` : ', due now'}</>;
    case 'record':
      return version === null ? null : <>: {formatVersion(version)}</>;
    case 'unchanged':
      return sinceMs === null ? null : <> since {formatClock(sinceMs)}</>;
    case 'covered':
      return version === null ? null : <> by {formatVersion(version)}</>;
    default:
      return words === null ? null : (
        <>
          : <Text>{words}</Text>
        </>
      );
  }
}
