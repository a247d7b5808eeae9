import { useEffect, useRef, useState } from 'preact/hooks';
import type { Bar as BarModel, Calls, Deliveries } from '../model.ts';
import { ApiError, postJson } from './api.ts';
import { Confirmed } from './confirm.tsx';
import { Link, type Route } from './router.tsx';
import { Search } from './search.tsx';
import { State, type Tone } from './state.tsx';
import { changeShared, getShared, useNow, useShared } from './store.ts';
import { Text } from './text.tsx';
import { ThemeButton } from './theme.tsx';
import { formatClock, formatCount, formatSpan } from './words.ts';

/** On every view: where one is, whether work flows, what the day has cost. */
export function Bar({ route, onHelp }: { route: Route; onHelp: () => void }) {
  const bar = useShared((shared) => shared.overview?.bar);
  const deadLetters = useShared((shared) => shared.overview?.deadLetters ?? 0);
  return (
    <header class="bar">
      <div class="bar-name">
        <Link href="/console" class="brand" aria-label={`${bar?.product ?? 'crisp-enrich'}: flow`}>
          {bar?.product ?? 'crisp-enrich'}
        </Link>
        {bar && (
          <span class="stage" title={[bar.region, bar.account].filter(Boolean).join(', ')}>
            <Text>{bar.stage}</Text>
          </span>
        )}
      </div>
      <nav class="bar-views" aria-label="Views">
        <ViewLink href="/console" isHere={route.view === 'flow' || route.view === 'conversation'}>
          Flow
        </ViewLink>
        <ViewLink href="/console/runs" isHere={route.view === 'runs'}>
          Runs
        </ViewLink>
        <ViewLink href="/console/dead-letters" isHere={route.view === 'dead-letters'}>
          Dead letters{deadLetters > 0 && <span class="badge">{formatCount(deadLetters)}</span>}
        </ViewLink>
      </nav>
      <Search />
      {bar && <DeliveryState bar={bar} />}
      {bar?.calls && <CallsGauge calls={bar.calls} />}
      <div class="bar-buttons">
        <ThemeButton />
        <button type="button" class="icon-button" onClick={onHelp} aria-label="Keys" title="Keys: ?">
          <span aria-hidden="true">?</span>
        </button>
      </div>
    </header>
  );
}

function ViewLink(props: { href: string; isHere: boolean; children: preact.ComponentChildren }) {
  return (
    <Link href={props.href} {...(props.isHere && { 'aria-current': 'page' as const })}>
      {props.children}
    </Link>
  );
}

const LOOKS: Readonly<Record<Deliveries['state'], readonly [Tone, string]>> = {
  flowing: ['ok', 'flowing'],
  held: ['bad', 'held'],
  paused: ['warn', 'paused'],
  changing: ['busy', 'changing'],
  unknown: ['quiet', 'unknown'],
};

function DeliveryState({ bar }: { bar: BarModel }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [tone, word] = LOOKS[bar.deliveries.state];
  useEffect(() => {
    const close = (event: Event) => {
      if (
        event instanceof KeyboardEvent
          ? event.key === 'Escape'
          : !menu.current?.contains(event.target as Node)
      )
        menu.current?.removeAttribute('open');
    };
    for (const name of ['pointerdown', 'keydown']) addEventListener(name, close);
    return () => {
      for (const name of ['pointerdown', 'keydown']) removeEventListener(name, close);
    };
  }, []);
  return (
    <details ref={menu} class="deliveries">
      <summary title="Deliveries from the queue to the fetch">
        <State tone={tone}>
          <span class="deliveries-what">deliveries </span>
          {word}
        </State>
      </summary>
      <div class="popover">
        <DeliveryWords deliveries={bar.deliveries} />
        {bar.calls && <CallsGauge calls={bar.calls} />}
        <Switch bar={bar} />
      </div>
    </details>
  );
}

function DeliveryWords({ deliveries }: { deliveries: Deliveries }) {
  const { state, reason, sinceMs, nextLookMs } = deliveries;
  const now = useNow();
  const since = sinceMs !== null && <> since {formatClock(sinceMs)}</>;
  const because = reason !== null && (
    <>
      : <Text>{reason.replace(/\.$/, '')}</Text>
    </>
  );
  if (state === 'flowing') return <p>Every conversation is fetched as its time comes.</p>;
  if (state === 'changing') return <p>Deliveries are being switched; that takes up to a minute on AWS.</p>;
  if (state === 'unknown') return <p>The event source mapping could not be read{because}</p>;
  return (
    <p>
      {state === 'held' ? 'Held by the breaker' : 'Paused'}
      {since}
      {because}. Hooks are accepted and wait in the queue; nothing is lost.
      {state === 'held' && nextLookMs !== null && <> It looks again in {formatSpan(nextLookMs - now)}.</>}
    </p>
  );
}

function Switch({ bar }: { bar: BarModel }) {
  const [problem, setProblem] = useState<string>();
  const isPaused = bar.deliveries.state === 'paused';
  const turn = async (confirm: string | undefined) => {
    const body = { ...(!isPaused && { reason: 'paused in the console' }), ...(confirm && { confirm }) };
    try {
      const deliveries = await postJson<Deliveries>(isPaused ? '/resume' : '/pause', body);
      const { overview } = getShared();
      if (overview) changeShared({ overview: { ...overview, bar: { ...overview.bar, deliveries } } });
      setProblem(undefined);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
    }
  };
  return (
    <>
      <Confirmed onAct={turn}>{isPaused ? 'Resume deliveries' : 'Pause deliveries'}</Confirmed>
      {problem && <p class="tone-bad">{problem}</p>}
    </>
  );
}

function CallsGauge({ calls: { used, quota, left, saved } }: { calls: Calls }) {
  const share = quota === null || quota === 0 ? undefined : Math.min(1, used / quota);
  const tone = share === undefined || share < 0.8 ? '' : share < 0.95 ? 'is-warn' : 'is-bad';
  return (
    <div
      class="calls"
      title={left === null ? 'Calls to Crisp today' : `${formatCount(left)} calls left today`}
    >
      <span>
        <b>{formatCount(used)}</b>
        {quota !== null && <span class="calls-of"> of {formatCount(quota)}</span>}{' '}
        <span class="calls-what">calls</span>
        <span class="calls-saved"> · {formatCount(saved)} saved</span>
      </span>
      {share !== undefined && (
        <span class={`gauge ${tone}`} aria-hidden="true">
          <span style={{ width: `${Math.max(share * 100, 0.5)}%` }} />
        </span>
      )}
    </div>
  );
}
