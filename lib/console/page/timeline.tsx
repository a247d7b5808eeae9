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
interface Step {
  readonly key: string;
  readonly atMs: number;
  readonly entry: TimelineEntry;
  readonly hooks: readonly TimelineEntry[];
}

/** Hooks of one message are one step, where the first of them stands. */
function toSteps(entries: readonly TimelineEntry[]): Step[] {
  const hooks = Map.groupBy(
    entries.filter(({ kind }) => kind === 'hook'),
    ({ messageId, atMs }) => messageId ?? String(atMs),
  );
  return entries.flatMap((entry, index) => {
    const own = entry.kind === 'hook' ? (hooks.get(entry.messageId ?? String(entry.atMs)) ?? []) : [];
    if (own.length > 0 && own[0] !== entry) return [];
    return [{ key: `${entry.kind}-${entry.atMs}-${index}`, atMs: entry.atMs, entry, hooks: own }];
  });
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
          <i key={`${hook.atMs}-${index}`} class={index === 0 ? 'is-first' : ''} />
        ))}
      </span>
      <HookNames hooks={hooks} />
    </>
  );
}

function HookNames({ hooks }: { hooks: readonly TimelineEntry[] }) {
  const counts = new Map<string, number>();
  // `message:send, queued`: the event comes first.
  for (const { words } of hooks) {
    const [event = words] = words.split(',', 1);
    counts.set(event, (counts.get(event) ?? 0) + 1);
  }
  return (
    <ul class="hook-names">
      {[...counts].map(([event, count]) => (
        <li key={event}>
          <Text>{event}</Text>
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
  // `announced to every consumer` says `announced` again.
  const said = words.includes(word) ? words : word;
  return (
    <>
      <span>
        <State tone={tone}>{said === word ? <b>{word}</b> : <Text>{said}</Text>}</State>
      </span>
      {said !== words && words !== '' && (
        <span>
          <Text>{words}</Text>
        </span>
      )}
      {(facts.length > 0 || code !== null || nextMs !== null) && (
        <span class="step-facts muted">
          {code !== null && <code>{code}</code>}
          {facts.length > 0 && <span>{facts.join(' · ')}</span>}
          {nextMs !== null && <Next atMs={nextMs} isDead={entry.kind === 'dead-lettered'} />}
        </span>
      )}
    </>
  );
}

function Next({ atMs, isDead }: { atMs: number; isDead: boolean }) {
  const left = atMs - useNow();
  if (isDead) return <span>SQS deletes it in {formatSpan(left)}</span>;
  return <span>{left > 0 ? `in ${formatSpan(left)}` : `was due at ${formatClock(atMs)}`}</span>;
}
