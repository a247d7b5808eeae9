import { useState } from 'preact/hooks';
import type { TimelineEntry } from '../model.ts';
import { STEPS, State } from './state.tsx';
import { useNow } from './store.ts';
import { Text } from './text.tsx';
import {
  formatClock,
  formatDay,
  formatDuration,
  formatMoment,
  formatSpan,
  formatVersion,
  plural,
} from './words.ts';

/** What happened, the newest first: hooks as dots of the bucket that they became, all else as a step. */
export function Timeline({ entries, max }: { entries: readonly TimelineEntry[]; max?: number }) {
  const steps = toSteps(entries).reverse();
  const [count, setCount] = useState(max ?? 200);
  if (steps.length === 0) return <p class="muted">Nothing is known of it here yet.</p>;
  return (
    <>
      <ol class="timeline">
        {steps.slice(0, count).map((step, index) => (
          <StepView key={step.key} step={step} before={steps[index - 1]} />
        ))}
      </ol>
      {max === undefined && steps.length > count && (
        <button type="button" class="button" onClick={() => setCount(count + 200)}>
          Show earlier steps
        </button>
      )}
    </>
  );
}

/** An entry, or the hooks of one bucket. */
export interface Step {
  readonly key: string;
  readonly atMs: number;
  readonly entry: TimelineEntry;
  readonly hooks: readonly TimelineEntry[];
}

const isHook = ({ kind }: TimelineEntry) => kind === 'hook' || kind === 'coalesced';

/** Hooks that follow each other became one message; a hook that was queued anew begins another. */
export function toSteps(entries: readonly TimelineEntry[]): Step[] {
  const steps: Step[] = [];
  entries.forEach((entry, index) => {
    const last = steps.at(-1);
    if (last && entry.kind === 'coalesced' && isHook(last.entry)) {
      steps[steps.length - 1] = { ...last, hooks: [...last.hooks, entry] };
    } else {
      steps.push({
        key: `${entry.atMs}-${index}`,
        atMs: entry.atMs,
        entry,
        hooks: isHook(entry) ? [entry] : [],
      });
    }
  });
  return steps;
}

const MOST_DOTS = 24;

function StepView({ step, before }: { step: Step; before: Step | undefined }) {
  const { entry, hooks, atMs } = step;
  const [tone, word] = STEPS[entry.kind];
  const day = formatDay(atMs);
  return (
    <>
      {before && formatDay(before.atMs) !== day && (
        <li class="day">
          <span>{day}</span>
        </li>
      )}
      <li class={`step tone-${tone}`}>
        <time dateTime={new Date(atMs).toISOString()} title={formatMoment(atMs)}>
          {formatClock(atMs)}
        </time>
        <span class="step-sign" aria-hidden="true" />
        <div class="step-body">
          {hooks.length > 0 ? <Hooks hooks={hooks} /> : <StepWords entry={entry} tone={tone} word={word} />}
        </div>
      </li>
    </>
  );
}

function Hooks({ hooks }: { hooks: readonly TimelineEntry[] }) {
  return (
    <>
      <span>
        <b>{plural(hooks.length, 'hook')}</b>
        {hooks.length > 1 && <span class="muted"> coalesced into one message</span>}
      </span>
      <span class="dots" aria-hidden="true">
        {hooks.slice(0, MOST_DOTS).map((hook, index) => (
          <i key={index} class={hook.kind === 'hook' ? 'is-first' : ''} />
        ))}
      </span>
      <HookNames hooks={hooks} />
    </>
  );
}

function HookNames({ hooks }: { hooks: readonly TimelineEntry[] }) {
  const counts = new Map<string, number>();
  for (const { words } of hooks) counts.set(words, (counts.get(words) ?? 0) + 1);
  return (
    <ul class="hook-names">
      {[...counts].map(([words, count]) => (
        <li key={words}>
          <Text>{words}</Text>
          {count > 1 && <span class="muted"> × {count}</span>}
        </li>
      ))}
    </ul>
  );
}

function StepWords({
  entry,
  tone,
  word,
}: {
  entry: TimelineEntry;
  tone: (typeof STEPS)['hook'][0];
  word: string;
}) {
  const { words, calls, durationMs, version, code, nextMs } = entry;
  const facts = [
    ...(calls === null || calls === 0 ? [] : [plural(calls, 'call')]),
    ...(durationMs === null ? [] : [formatDuration(durationMs)]),
    ...(version === null ? [] : [formatVersion(version)]),
  ];
  return (
    <>
      <span>
        <State tone={tone}>
          <b>{word}</b>
        </State>
        {facts.length > 0 && <span class="muted"> {facts.join(' · ')}</span>}
      </span>
      {words !== '' && words !== word && (
        <span>
          <Text>{words}</Text>
        </span>
      )}
      {code !== null && <code>{code}</code>}
      {nextMs !== null && <Next atMs={nextMs} />}
    </>
  );
}

function Next({ atMs }: { atMs: number }) {
  const left = atMs - useNow();
  return (
    <span class="muted">{left > 0 ? `again in ${formatSpan(left)}` : `was due at ${formatClock(atMs)}`}</span>
  );
}
