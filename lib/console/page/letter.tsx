import { useRef, useState } from 'preact/hooks';
import type { Letter, RedriveEntry } from '../model.ts';
import { ApiError } from './api.ts';
import { Confirmed } from './confirm.tsx';
import { useKeys } from './keys.tsx';
import { findEntry, startRedrive } from './redrives.tsx';
import { ENTRY_STATES, State } from './state.tsx';
import { useNow, useShared } from './store.ts';
import { Text } from './text.tsx';
import { formatClock, formatSpan, formatVersion, plural } from './words.ts';

/** Why a conversation is in the dead-letter queue, and the button that brings it back. */
export function LetterCard({ letter }: { letter: Letter }) {
  const now = useNow();
  const entry = useShared(({ redrives }) => findEntry(redrives, letter.messageId));
  const box = useRef<HTMLElement>(null);
  useKeys({ r: () => box.current?.querySelector<HTMLButtonElement>('[data-retry]')?.click() });
  return (
    <section ref={box} class="letter-card" aria-label="Dead letter">
      <div class="letter-words">
        <p class="letter-reason">
          <State tone="bad">
            <strong>Dead-lettered</strong>
          </State>{' '}
          <Text>{letter.words}</Text>
        </p>
        <p class="muted">
          <code>{letter.code}</code> · {plural(letter.attempts, 'attempt')}
          {letter.deadMs !== null && <> · {formatSpan(now - letter.deadMs)} ago</>}
          {letter.expiresMs !== null && <> · kept for {formatSpan(letter.expiresMs - now)}</>}
        </p>
      </div>
      <div class="letter-act">
        {entry && <EntryState entry={entry} />}
        <RetryButton letter={letter} entry={entry} isPrimary />
      </div>
    </section>
  );
}

const ENDED: readonly RedriveEntry['state'][] = ['record', 'unchanged', 'covered', 'failed', 'kept', 'gone'];

interface RetryProps {
  readonly letter: Letter;
  readonly entry: RedriveEntry | undefined;
  readonly isPrimary?: boolean;
}

/** Retries one; not to be pressed while it is on its way. */
export function RetryButton({ letter, entry, isPrimary = false }: RetryProps) {
  const [problem, setProblem] = useState<string>();
  const isOnItsWay = entry !== undefined && !ENDED.includes(entry.state);
  const retry = async (confirm: string | undefined) => {
    await startRedrive({ messageIds: [letter.messageId], ...(confirm && { confirm }) }).then(
      () => setProblem(undefined),
      (error: unknown) => setProblem(error instanceof ApiError ? error.message : String(error)),
    );
  };
  if (letter.session === null) return null;
  return (
    <>
      {problem && <span class="tone-bad">{problem}</span>}
      {(!isOnItsWay || problem) &&
        entry?.state !== 'record' &&
        entry?.state !== 'unchanged' &&
        entry?.state !== 'covered' && (
          <Confirmed isPrimary={isPrimary} isRetry onAct={retry} label={`Retry ${letter.session.sessionId}`}>
            Retry
          </Confirmed>
        )}
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
