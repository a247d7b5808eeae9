import { useState } from 'preact/hooks';
import type { Overview, Station } from '../model.ts';
import { ApiError, postJson } from './api.ts';
import { Sparkline } from './chart.tsx';
import { LiveList } from './lines.tsx';
import { Link } from './router.tsx';
import { Saved } from './savings.tsx';
import { State } from './state.tsx';
import { useNow, useShared } from './store.ts';
import { formatCount, formatSpan, plural } from './words.ts';

/** The home: what comes in, what becomes of it, and what was saved. */
export function Flow() {
  const overview = useShared((shared) => shared.overview);
  return (
    <>
      <h1 class="unseen">Flow</h1>
      <Stations stations={overview?.stations} />
      <div class="flow-columns">
        <section class="flow-lines pane" aria-labelledby="lines-title">
          <header class="section-head">
            <h2 id="lines-title">Conversations</h2>
            {overview && <Freshness overview={overview} />}
          </header>
          {overview !== undefined && (overview.deadLetters ?? 0) > 0 && (
            <p class="needs">
              <State tone="bad">
                {plural(overview.deadLetters ?? 0, 'message')} failed for good.{' '}
                <Link href="/console/dead-letters">See why, and retry</Link>
              </State>
            </p>
          )}
          <LiveList empty={<NoHooks overview={overview} />} />
        </section>
        <aside class="flow-saved pane" aria-labelledby="saved-title">
          {overview && <Saved savings={overview.savings} isLocal={overview.bar.isLocal} />}
        </aside>
      </div>
    </>
  );
}

function Freshness({ overview: { isLive, asOfMs, canPlay } }: { overview: Overview }) {
  const now = useNow();
  if (canPlay) return <Play />;
  return <span class="muted">{isLive ? 'live' : `from the run log, ${formatSpan(now - asOfMs)} old`}</span>;
}

const NAMES: Readonly<Record<Station['name'], readonly [title: string, what: string]>> = {
  hooks: ['Hooks', 'events from Crisp'],
  queue: ['Queue', 'bursts coalesced'],
  fetch: ['Fetch', 'conversations read whole'],
  archive: ['Archive', 'versions kept'],
  records: ['Records', 'sent to your systems'],
};
// Messages that wait are the queue at work; all other concerns are faults.
const CALM = 'queue';

function Stations({ stations }: { stations: readonly Station[] | undefined }) {
  return (
    <ol class="stations" aria-label="The pipeline, in the last minute">
      {(Object.keys(NAMES) as Station['name'][]).map((name) => (
        <StationView key={name} name={name} station={stations?.find((station) => station.name === name)} />
      ))}
    </ol>
  );
}

function StationView({ name, station }: { name: Station['name']; station: Station | undefined }) {
  const [title, what] = NAMES[name];
  return (
    <li class="station">
      <div class="station-name">
        {title} <span class="station-what">{what}</span>
      </div>
      <div class="station-count">
        <b>{station?.lastMinute == null ? '–' : formatCount(station.lastMinute)}</b>
        <span class="station-unit">
          <span aria-hidden="true">/min</span>
          <span class="unseen"> in the last minute</span>
        </span>
      </div>
      <Sparkline values={station?.minutes ?? []} label={`${title} in each of the last minutes`} />
      <div class="station-concern">
        {station?.concern && <Concern name={name} concern={station.concern} />}
      </div>
    </li>
  );
}

function Concern({
  name,
  concern: { label, count },
}: {
  name: Station['name'];
  concern: NonNullable<Station['concern']>;
}) {
  const words = `${count === null ? '?' : formatCount(count)} ${label}`;
  if (!count) return <span class="muted">{words}</span>;
  return <State tone={name === CALM ? 'busy' : 'bad'}>{words}</State>;
}

function Play() {
  const [problem, setProblem] = useState<string>();
  const [isPlaying, setPlaying] = useState(false);
  const play = () => {
    setPlaying(true);
    postJson('/play')
      .then(() => setProblem(undefined))
      .catch((error: unknown) => setProblem(error instanceof ApiError ? error.message : String(error)))
      .finally(() => setPlaying(false));
  };
  return (
    <span class="play">
      {problem && <span class="tone-bad">{problem}</span>}
      <button type="button" class="button" onClick={play} disabled={isPlaying}>
        <span aria-hidden="true">▸</span> Play a conversation
      </button>
    </span>
  );
}

function NoHooks({ overview }: { overview: Overview | undefined }) {
  if (!overview) return null;
  const { bar, canPlay } = overview;
  return (
    <div class="empty">
      <h2>No hook has come yet</h2>
      {canPlay ? (
        <>
          <p>Crisp sends a hook for each event of a conversation. The simulator can act one out now.</p>
          <Play />
        </>
      ) : (
        <p>
          Enter the webhook’s URL in Crisp{bar.isLocal ? '' : ', as `deploy` printed it'}, then write in a
          conversation: it shows here.
        </p>
      )}
    </div>
  );
}
