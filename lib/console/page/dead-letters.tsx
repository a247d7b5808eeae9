import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeadLetterGroup, DeadLetters } from '../model.ts';
import { ApiError, useLoaded } from './api.ts';
import { Confirmed } from './confirm.tsx';
import { LetterList } from './letters.tsx';
import { RedriveBars, startRedrive } from './redrives.tsx';
import { setQuery, useAddress } from './router.tsx';
import { Unreadable } from './state.tsx';
import { useNow, useShared } from './store.ts';
import { Text } from './text.tsx';
import { formatCount, formatSpan, plural } from './words.ts';

/** What failed for good, by reason, and the ways back. */
export function DeadLettersView() {
  const { query } = useAddress();
  const { data, error, reload } = useLoaded<DeadLetters>('/dead-letters');
  // Another count, or a redrive that has come further, is a reason to look again.
  const news = useShared(({ overview, redrives }) => {
    const ended = [...redrives.values()].map(({ total, counts }) => total - counts.waiting - counts.queued);
    return `${overview?.deadLetters} ${ended.join(' ')}`;
  });
  // What is new is a reason to read it again
  useEffect(reload, [news, reload]);
  const count = useShared(({ overview }) => overview?.deadLetters ?? 0);
  const isEmpty = data?.groups.length === 0;
  // The count is newer than the list that was read at the same moment.
  const isSeen = data?.isWhole && !(isEmpty && count > 0);
  useLookAgain(isSeen ? undefined : data, news, reload);
  const code = query.get('code') ?? '';

  return (
    <div class="dead-letters pane">
      <header class="section-head">
        <h1>Dead letters</h1>
        {data && data.total > 0 && (
          <span class="muted">
            {plural(data.total, 'message')} {data.total === 1 ? 'waits' : 'wait'} for a decision
          </span>
        )}
      </header>
      <RedriveBars />
      {error && !data && <Unreadable what="The dead-letter queue" error={error} onRetry={reload} />}
      {data && !data.isWhole && (
        <div class="trouble tone-warn">
          <Text>{data.missing ?? 'The look did not see all of them.'}</Text>
        </div>
      )}
      {isEmpty && !isSeen && <Unseen count={count} />}
      {isEmpty && isSeen && (
        <div class="empty">
          <h2>
            <span class="tone-ok" aria-hidden="true">
              ✓
            </span>{' '}
            Nothing needs you
          </h2>
          <p>
            No conversation has failed for good. What fails is tried again by itself before it comes here.
          </p>
        </div>
      )}
      {data && data.groups.length > 0 && (
        <ul class="groups">
          {data.groups.map((group) => (
            <li key={group.code} class={group.code === code ? 'group is-shown' : 'group'}>
              <Group group={group} isShown={group.code === code} />
            </li>
          ))}
        </ul>
      )}
      {data && <LetterList code={code} news={`${news} ${data.total} ${data.asOfMs}`} />}
    </div>
  );
}

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300_000;

/** As long as there is something that was not seen; ever more rarely, as each look hides the messages from everybody else. */
function useLookAgain(unseen: DeadLetters | undefined, news: string, reload: () => void): void {
  const waitMs = useRef(FIRST_WAIT_MS);
  // What is new is a reason to be quick again
  useEffect(() => {
    waitMs.current = FIRST_WAIT_MS;
  }, [news]);
  useEffect(() => {
    if (!unseen) return;
    const timer = setTimeout(reload, waitMs.current);
    waitMs.current = Math.min(2 * waitMs.current, LONGEST_WAIT_MS);
    return () => clearTimeout(timer);
  }, [unseen, reload]);
}

/** No emptiness is claimed before it was seen. */
function Unseen({ count }: { count: number }) {
  return (
    <div class="empty" role="status">
      <h2>{count === 0 ? 'The queue is being looked at' : `${plural(count, 'message')} failed for good`}</h2>
      <p>{count === 1 ? 'It is' : 'They are'} being looked at, and will be listed here.</p>
    </div>
  );
}

function Group({ group, isShown }: { group: DeadLetterGroup; isShown: boolean }) {
  const { code, meaning, remedy, count, oldestMs, firstExpiryMs, canRedrive } = group;
  const now = useNow();
  return (
    <>
      <div class="group-count">
        <b>{formatCount(count)}</b>
      </div>
      <div class="group-words">
        <h2>
          <code>{code}</code>
        </h2>
        <p>
          {meaning} {remedy !== '' && <span class="remedy">{remedy}</span>}
        </p>
        <p class="muted">
          {oldestMs !== null && <>oldest {formatSpan(now - oldestMs)} ago</>}
          {oldestMs !== null && firstExpiryMs !== null && ' · '}
          {firstExpiryMs !== null && <>first is deleted in {formatSpan(firstExpiryMs - now)}</>}
        </p>
      </div>
      <div class="group-act">
        {canRedrive ? (
          <RetryAll code={code} count={count} />
        ) : (
          <p class="muted">A retry would end the same way: the message names no conversation.</p>
        )}
        <button
          type="button"
          class="button"
          aria-pressed={isShown}
          onClick={() => setQuery({ code: isShown ? '' : code }, { replace: false })}
        >
          {isShown ? 'Show all' : 'Show'}
        </button>
      </div>
    </>
  );
}

const RATES = [0.5, 1, 2, 5] as const;
// A whole fetch is the conversation, its messages and its profile.
const CALLS_EACH = 3;

function RetryAll({ code, count }: { code: string; count: number }) {
  const [rate, setRate] = useState<number>(1);
  const [problem, setProblem] = useState<string>();
  const retry = (confirm: string | undefined) =>
    startRedrive({ code, ratePerSecond: rate, ...(confirm && { confirm }) }).then(
      () => setProblem(undefined),
      (error: unknown) => setProblem(error instanceof ApiError ? error.message : String(error)),
    );
  return (
    <>
      {problem && <p class="tone-bad">{problem}</p>}
      <Confirmed isPrimary onAct={retry}>
        {count === 1 ? 'Retry' : `Retry all ${formatCount(count)}`}
      </Confirmed>
      {count > 1 && (
        <span class="estimate muted">
          <label>
            <span class="unseen">Conversations a second for {code}</span>
            <select
              class="input is-small"
              value={rate}
              onChange={({ currentTarget }) => setRate(Number(currentTarget.value))}
            >
              {RATES.map((each) => (
                <option key={each} value={each}>
                  {each} a second
                </option>
              ))}
            </select>
          </label>{' '}
          about {plural(count * CALLS_EACH, 'call')}, {formatSpan((count / rate) * 1000)}
        </span>
      )}
    </>
  );
}
