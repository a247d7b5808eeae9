import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Letter, Letters } from '../model.ts';
import { ApiError } from './api.ts';
import { Confirmed } from './confirm.tsx';
import { useKeys } from './keys.tsx';
import { EntryState, RetryButton } from './letter.tsx';
import { List, useMedia } from './list.tsx';
import { usePages } from './pages.ts';
import { findEntry, startRedrive } from './redrives.tsx';
import { Link, toConversationPath } from './router.tsx';
import { useNow, useShared } from './store.ts';
import { Text } from './text.tsx';
import { formatCount, formatSpan, plural } from './words.ts';

const toPage = ({ letters, next }: Letters) => ({ items: letters, next });

/** Dead letters one by one, those of a reason or all; each can be chosen. */
export function LetterList({ code, news }: { code: string; news: string }) {
  const path = `/dead-letters/list?limit=200${code === '' ? '' : `&code=${encodeURIComponent(code)}`}`;
  const { items, error, isWhole, readMore, reload } = usePages<Letter>(path, 'after', toPage);
  // What is new is a reason to read it again
  useEffect(reload, [news, reload]);
  const shown = useShownLetters(items, code);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const isNarrow = useMedia('(max-width: 899px)');
  const able = useMemo(() => shown.filter(({ session }) => session !== null), [shown]);
  const isAllChosen = able.length > 0 && able.every(({ messageId }) => chosen.has(messageId));
  useRetryKey();

  const choose = (messageId: string, isChosen: boolean) =>
    setChosen((old) => {
      const set = new Set(old);
      if (isChosen) set.add(messageId);
      else set.delete(messageId);
      return set;
    });
  if (error && shown.length === 0) return <p class="tone-bad">{error.message}</p>;
  if (shown.length === 0) return null;
  return (
    <section class="letters" aria-label="Dead letters, one by one">
      <div class="letters-head">
        <label class="choose">
          <input
            type="checkbox"
            checked={isAllChosen}
            onChange={() =>
              setChosen(isAllChosen ? new Set() : new Set(able.map(({ messageId }) => messageId)))
            }
          />
          <span>
            {chosen.size === 0
              ? `${plural(shown.length, 'dead letter')}${isWhole ? '' : ' and more'}`
              : `${formatCount(chosen.size)} selected`}
          </span>
        </label>
        {chosen.size > 0 && <RetryChosen chosen={chosen} onStarted={() => setChosen(new Set())} />}
      </div>
      <List
        label="Dead letters"
        items={shown}
        keyOf={({ messageId }) => messageId}
        rowHeight={isNarrow ? 136 : 56}
        onEnd={readMore}
        render={(letter) => (
          <LetterRow letter={letter} isChosen={chosen.has(letter.messageId)} onChoose={choose} />
        )}
      />
    </section>
  );
}

/** A letter that was retried here keeps its row, with what became of it, after it has left the queue. */
function useShownLetters(items: readonly Letter[] | undefined, code: string): readonly Letter[] {
  const redrives = useShared((shared) => shared.redrives);
  const [seen, setSeen] = useState<{ code: string; letters: ReadonlyMap<string, Letter> }>({
    code,
    letters: new Map(),
  });
  useEffect(() => {
    if (!items) return;
    setSeen((old) => {
      const letters = new Map(old.code === code ? old.letters : []);
      for (const letter of items) letters.set(letter.messageId, letter);
      return { code, letters };
    });
  }, [items, code]);
  return useMemo(() => {
    if (seen.code !== code) return items ?? [];
    const current = new Set(items?.map(({ messageId }) => messageId));
    return [...seen.letters.values()].filter(
      ({ messageId }) => current.has(messageId) || findEntry(redrives, messageId) !== undefined,
    );
  }, [items, seen, code, redrives]);
}

/** `r` retries the letter whose row has the focus. */
function useRetryKey(): void {
  useKeys({
    r: () =>
      document.activeElement?.closest('.row')?.querySelector<HTMLButtonElement>('[data-retry]')?.click(),
  });
}

interface RowProps {
  readonly letter: Letter;
  readonly isChosen: boolean;
  readonly onChoose: (messageId: string, isChosen: boolean) => void;
}

function LetterRow({ letter, isChosen, onChoose }: RowProps) {
  const { messageId, session, code, words, attempts, deadMs, expiresMs } = letter;
  const now = useNow();
  const entry = useShared(({ redrives }) => findEntry(redrives, messageId));
  const name = useShared(({ lines }) =>
    session ? (lines?.get(`${session.websiteId}/${session.sessionId}`)?.name ?? null) : null,
  );
  return (
    <div class="letter">
      <input
        type="checkbox"
        aria-label={`Select ${session?.sessionId ?? messageId}`}
        checked={isChosen}
        disabled={session === null}
        onChange={({ currentTarget }) => onChoose(messageId, currentTarget.checked)}
      />
      <span class="letter-who">
        {session ? (
          <Link href={toConversationPath(session)}>
            {name === null ? <code>{session.sessionId}</code> : <Text>{name}</Text>}
          </Link>
        ) : (
          <code>{messageId}</code>
        )}
        <small class="muted">
          {plural(attempts, 'attempt')}
          {deadMs !== null && <> · {formatSpan(now - deadMs)} ago</>}
          {expiresMs !== null && <> · deleted in {formatSpan(expiresMs - now)}</>}
        </small>
      </span>
      <span class="letter-why">
        <code>{code}</code>
        <span class="letter-sentence">
          <Text>{words}</Text>
        </span>
      </span>
      <span class="letter-act">
        {entry && <EntryState entry={entry} />}
        <RetryButton letters={[letter]} entry={entry} />
      </span>
    </div>
  );
}

function RetryChosen({ chosen, onStarted }: { chosen: ReadonlySet<string>; onStarted: () => void }) {
  const [problem, setProblem] = useState<string>();
  const retry = (confirm: string | undefined) =>
    startRedrive({ messageIds: [...chosen], ...(confirm && { confirm }) }).then(
      () => {
        setProblem(undefined);
        onStarted();
      },
      (error: unknown) => setProblem(error instanceof ApiError ? error.message : String(error)),
    );
  return (
    <span class="letters-act">
      {problem && <span class="tone-bad">{problem}</span>}
      <Confirmed isPrimary onAct={retry}>
        {`Retry ${formatCount(chosen.size)} selected`}
      </Confirmed>
    </span>
  );
}
