import { useId } from 'preact/hooks';
import type { RunRow, Runs } from '../model.ts';
import { Ago } from './lines.tsx';
import { List, useMedia } from './list.tsx';
import { usePages } from './pages.ts';
import { Link, setQuery, toConversationPath, useAddress } from './router.tsx';
import { OUTCOMES, State, Unreadable } from './state.tsx';
import { useShared } from './store.ts';
import { Text } from './text.tsx';
import { formatClock, formatCount, formatDuration, toPlainText } from './words.ts';

const FILTERS = ['outcome', 'code', 'session', 'since'] as const;
const OUTCOME_NAMES = Object.entries(OUTCOMES).filter(([name]) => name !== 'waiting' && name !== 'fetching');
const SPANS = [
  ['', 'any time'],
  ['15m', 'last 15 minutes'],
  ['1h', 'last hour'],
  ['24h', 'last day'],
  ['7d', 'last week'],
] as const;
const SPAN_MS: Readonly<Record<string, number>> = { '15m': 9e5, '1h': 36e5, '24h': 864e5, '7d': 6048e5 };
const MINUTE_MS = 60_000;

/** A table of what the consumer did, for those who look for one. The filters stand in the address. */
export function RunsView() {
  const { query } = useAddress();
  const path = toApiPath(query);
  const { items, error, isWhole, readMore, reload } = usePages<RunRow>(
    path,
    'before',
    ({ runs, next }: Runs) => ({
      items: runs,
      next,
    }),
  );
  const isNarrow = useMedia('(max-width: 899px)');
  const isFiltered = FILTERS.some((name) => query.has(name));
  return (
    <div class="runs pane">
      <header class="section-head">
        <h1>Runs</h1>
        <span class="muted">
          {items && `${formatCount(items.length)}${isWhole ? '' : ' and more'}`}
          <button type="button" class="button is-small" onClick={reload}>
            Refresh
          </button>
        </span>
      </header>
      <Filters query={query} isFiltered={isFiltered} />
      {error && !items && <Unreadable what="The runs" error={error} onRetry={reload} />}
      {items?.length === 0 && <NoRuns isFiltered={isFiltered} />}
      {items && items.length > 0 && (
        <div
          class="table runs-table"
          role="table"
          aria-label="Runs, newest first"
          aria-rowcount={isWhole ? items.length + 1 : -1}
        >
          <div role="rowgroup">
            <div class="table-head" role="row" aria-rowindex={1}>
              {['Time', 'Session', 'Outcome', 'Attempt', 'Calls', 'Duration', 'Reason'].map((name) => (
                <span key={name} role="columnheader">
                  {name}
                </span>
              ))}
            </div>
          </div>
          <List
            isTable
            label="Runs"
            items={items}
            keyOf={({ messageId, atMs, attempt }) => `${messageId} ${atMs} ${attempt}`}
            rowHeight={isNarrow ? 88 : 40}
            onEnd={readMore}
            render={(run) => <RunCells run={run} />}
          />
        </div>
      )}
    </div>
  );
}

/** A moment is rounded to a minute, so that drawing the page again does not ask again. */
function toApiPath(query: URLSearchParams): string {
  const asked = new URLSearchParams({ limit: '200' });
  for (const name of ['outcome', 'code', 'session'] as const) {
    const value = query.get(name)?.trim();
    if (value) asked.set(name, value);
  }
  const spanMs = SPAN_MS[query.get('since') ?? ''];
  if (spanMs !== undefined)
    asked.set('since', String(Math.floor((Date.now() - spanMs) / MINUTE_MS) * MINUTE_MS));
  return `/runs?${asked}`;
}

function Filters({ query, isFiltered }: { query: URLSearchParams; isFiltered: boolean }) {
  const id = useId();
  const value = (name: (typeof FILTERS)[number]) => query.get(name) ?? '';
  return (
    <div class="filters">
      <label for={`${id}-outcome`}>Outcome</label>
      <select
        id={`${id}-outcome`}
        class="input"
        value={value('outcome')}
        onChange={({ currentTarget }) => setQuery({ outcome: currentTarget.value })}
      >
        <option value="">any</option>
        {OUTCOME_NAMES.map(([name, [, word]]) => (
          <option key={name} value={name}>
            {word}
          </option>
        ))}
      </select>
      <label for={`${id}-since`}>Time</label>
      <select
        id={`${id}-since`}
        class="input"
        value={value('since')}
        onChange={({ currentTarget }) => setQuery({ since: currentTarget.value })}
      >
        {SPANS.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      <Field name="code" label="Reason" hint="crisp_forbidden" value={value('code')} />
      <Field name="session" label="Session" hint="session_…" value={value('session')} />
      {isFiltered && (
        <button
          type="button"
          class="button is-small"
          onClick={() => setQuery(Object.fromEntries(FILTERS.map((name) => [name, ''])))}
        >
          Clear
        </button>
      )}
    </div>
  );
}

function Field(props: { name: string; label: string; hint: string; value: string }) {
  const id = useId();
  return (
    <>
      <label for={id}>{props.label}</label>
      <input
        id={id}
        class="input"
        autocomplete="off"
        spellcheck={false}
        placeholder={props.hint}
        value={props.value}
        onChange={({ currentTarget }) => setQuery({ [props.name]: currentTarget.value.trim() })}
      />
    </>
  );
}

function RunCells({ run }: { run: RunRow }) {
  const { session, atMs, outcome, attempt, calls, durationMs, code, words } = run;
  const line = useShared(({ lines }) =>
    session ? lines?.get(`${session.websiteId}/${session.sessionId}`)?.name : null,
  );
  const [tone, word] = OUTCOMES[outcome];
  return (
    <>
      <span role="cell" class="run-time">
        {formatClock(atMs)} <Ago atMs={atMs} />
      </span>
      <span role="cell" class="run-session">
        {session ? (
          <Link href={`${toConversationPath(session)}?tab=timeline`}>
            {line != null && (
              <>
                <Text>{line}</Text>{' '}
              </>
            )}
            <code>{session.sessionId}</code>
          </Link>
        ) : (
          <span class="muted">unreadable message</span>
        )}
      </span>
      <span role="cell" class="run-outcome">
        <State tone={tone}>{word}</State>
      </span>
      <span role="cell" class="run-attempt number">
        {attempt}
      </span>
      <span role="cell" class="run-calls number">
        {formatCount(calls)}
      </span>
      <span role="cell" class="run-duration number">
        {formatDuration(durationMs)}
      </span>
      <span role="cell" class="run-reason" {...(words !== null && { title: toPlainText(words) })}>
        {code !== null && <code>{code}</code>} {words !== null && <Text>{words}</Text>}
      </span>
    </>
  );
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
  if (!isFiltered) {
    return (
      <div class="empty">
        <h2>No run yet</h2>
        <p>
          A run is one attempt to turn a queued conversation into a record. The first comes some seconds after
          the first hook: <Link href="/console">look at the flow</Link>.
        </p>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>No run fits these filters</h2>
      <p>Take one away, or a longer time.</p>
    </div>
  );
}
