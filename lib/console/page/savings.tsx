import type { ComponentChildren } from 'preact';
import type { Savings } from '../model.ts';
import { DayChart } from './chart.tsx';
import { useMedia } from './list.tsx';
import { formatCount } from './words.ts';

const PARTS = [
  ['coalesced', 'coalesced', 'several hooks, one fetch'],
  ['covered', 'covered', 'an earlier fetch had it all'],
  ['incremental', 'incremental', 'only the newest page'],
  ['cached', 'cached', 'the profile was known'],
] as const satisfies readonly (readonly [keyof Savings, string, string])[];

/** The calls that were made, beside those that a fetch per event would have made. */
export function Saved({ savings, isLocal }: { savings: Savings; isLocal: boolean }) {
  const { calls, callsOfALoop } = savings;
  const saved = Math.max(0, callsOfALoop - calls);
  return (
    <>
      <header class="section-head">
        <h2 id="saved-title">Saved</h2>
        <span class="muted">{isLocal ? 'since the start' : 'today'}</span>
      </header>
      <p class="saved-total">
        <b>{formatCount(saved)}</b> calls not made
      </p>
      <div class="saved-bars">
        <Measure words="calls made" count={calls} of={callsOfALoop} isOurs />
        <Measure words="with a fetch per event" count={callsOfALoop} of={callsOfALoop} />
      </div>
      <Details>
        <dl class="saved-parts">
          {PARTS.map(([key, word, why]) => (
            <div key={key}>
              <dt>
                {word} <small>{why}</small>
              </dt>
              <dd>{formatCount(savings[key])}</dd>
            </div>
          ))}
        </dl>
        <DayChart points={savings.day} />
      </Details>
    </>
  );
}

/** On a narrow screen the conversations come first. */
function Details({ children }: { children: ComponentChildren }) {
  const isNarrow = useMedia('(max-width: 899px)');
  if (!isNarrow) return <>{children}</>;
  return (
    <details>
      <summary>What saved them</summary>
      {children}
    </details>
  );
}

function Measure(props: { words: string; count: number; of: number; isOurs?: boolean }) {
  const share = props.of === 0 ? 0 : props.count / props.of;
  return (
    <div class={props.isOurs ? 'measure is-ours' : 'measure'}>
      <span class="measure-words">
        <b>{formatCount(props.count)}</b> {props.words}
      </span>
      <span class="measure-bar" aria-hidden="true">
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
    </div>
  );
}
