import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Line, Lines, Session } from '../model.ts';
import { getJson } from './api.ts';
import { List, useMedia } from './list.tsx';
import { Link, toConversationPath } from './router.tsx';
import { OUTCOMES, State } from './state.tsx';
import { changeShared, getShared, putLines, toSessionKey, useNow, useShared } from './store.ts';
import { Text } from './text.tsx';
import { formatCount, formatDuration, formatMoment, formatSpan, formatVersion, plural } from './words.ts';

const PAGE = 200;
const keyOf = (line: Line) => toSessionKey(line.session);

interface LiveListProps {
  readonly empty?: ComponentChildren;
  /** The conversation that is open beside the list, which is then a narrow one. */
  readonly open?: Session;
}

/** One line a conversation, the newest first. While the pointer is over it, it keeps its order. */
export function LiveList({ empty, open }: LiveListProps) {
  const lines = useShared((shared) => shared.lines);
  const isNarrow = useMedia('(max-width: 899px)') || open !== undefined;
  const box = useRef<HTMLDivElement>(null);
  const [isHeld, setHeld] = useState(false);
  const { shown, newer } = useCalmOrder(lines, isHeld);
  const isNew = useNews(lines);
  if (!lines) return <p class="empty muted">Reading…</p>;
  if (lines.size === 0) return <>{empty}</>;
  return (
    <div
      ref={box}
      class={isNarrow ? 'lines is-narrow' : 'lines'}
      onPointerEnter={({ pointerType }) => pointerType === 'mouse' && setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      {newer > 0 && (
        <button type="button" class="newer" onClick={() => setHeld(false)}>
          <span aria-hidden="true">↑</span> {formatCount(newer)} newer
        </button>
      )}
      <List
        label="Conversations, newest first"
        items={shown}
        keyOf={keyOf}
        rowHeight={isNarrow ? 88 : 56}
        onEnd={readMore}
        render={(line) => (
          <LineView
            line={line}
            isNew={isNew(keyOf(line))}
            isOpen={open !== undefined && keyOf(line) === toSessionKey(open)}
          />
        )}
      />
    </div>
  );
}

/** The lines by time; while held, in the order of before, with the number of those that belong above it. */
function useCalmOrder(lines: ReadonlyMap<string, Line> | undefined, isHeld: boolean) {
  const order = useRef<readonly string[]>([]);
  return useMemo(() => {
    const sorted = [...(lines?.values() ?? [])].sort((a, b) => b.atMs - a.atMs);
    if (!isHeld) {
      order.current = sorted.map(keyOf);
      return { shown: sorted, newer: 0 };
    }
    const kept = order.current.flatMap((key) => lines?.get(key) ?? []);
    const held = new Set(order.current);
    const added = sorted.filter((line) => !held.has(keyOf(line)));
    const newestMs = kept[0]?.atMs ?? 0;
    const newer = added.filter(({ atMs }) => atMs >= newestMs);
    const older = added.filter(({ atMs }) => atMs < newestMs);
    order.current = [...order.current, ...older.map(keyOf)];
    return { shown: [...kept, ...older], newer: newer.length };
  }, [lines, isHeld]);
}

let isReading = false;

/** Reads older lines once the end is in sight, until there are none. */
function readMore(): void {
  const { olderLines } = getShared();
  if (olderLines === null || isReading) return;
  isReading = true;
  getJson<Lines>(`/lines?limit=${PAGE}&before=${encodeURIComponent(olderLines)}`)
    .then(({ lines, next }) => {
      changeShared({ olderLines: next });
      putLines(lines);
    })
    .catch(() => undefined)
    .finally(() => {
      isReading = false;
    });
}

const NEW_MS = 400;

/** Whether a line came a moment ago, and was not there when the list was first drawn. */
function useNews(lines: ReadonlyMap<string, Line> | undefined): (key: string) => boolean {
  const seen = useRef<Map<string, number>>(undefined);
  return useMemo(() => {
    const isFirst = seen.current === undefined;
    seen.current ??= new Map();
    for (const key of lines?.keys() ?? []) {
      if (!seen.current.has(key)) seen.current.set(key, isFirst ? 0 : performance.now());
    }
    if (!lines) seen.current = undefined;
    return (key) => performance.now() - (seen.current?.get(key) ?? 0) < NEW_MS;
  }, [lines]);
}

function LineView({ line, isNew, isOpen }: { line: Line; isNew: boolean; isOpen: boolean }) {
  const { session, name, lastMessage, atMs } = line;
  return (
    <Link
      href={toConversationPath(session)}
      class={isNew ? 'line is-new' : 'line'}
      {...(isOpen && { 'aria-current': 'true' as const })}
    >
      <Avatar name={name} />
      <span class="line-who">
        <span class={name === null ? 'line-name is-anonymous' : 'line-name'}>
          <Text>{name ?? (line.version === null ? 'not read yet' : 'anonymous visitor')}</Text>
        </span>
        <span class="line-message">
          <Text>{lastMessage ?? session.sessionId}</Text>
        </span>
      </span>
      <span class="line-story">
        <Story line={line} />
      </span>
      <span class="line-outcome">
        <Outcome line={line} />
      </span>
      <Ago atMs={atMs} />
    </Link>
  );
}

/** `6 hooks → 1 fetch · 3 calls · 0.05 s` */
function Story({ line: { hooks, fetches, calls, durationMs } }: { line: Line }) {
  const parts = [
    ...(hooks ? [plural(hooks, 'hook')] : []),
    ...(fetches === 0 ? [] : [plural(fetches, 'fetch', 'fetches')]),
  ];
  const cost = [plural(calls, 'call'), ...(durationMs === null ? [] : [formatDuration(durationMs)])];
  return (
    <>
      {parts.join(' → ')}
      {fetches > 0 && <span class="muted"> · {cost.join(' · ')}</span>}
    </>
  );
}

function Outcome({ line: { outcome, version, failure } }: { line: Line }) {
  const [tone, word] = OUTCOMES[outcome];
  if (failure) {
    return (
      <State tone={tone === 'warn' ? 'warn' : 'bad'}>
        <Text>{failure.words}</Text>
      </State>
    );
  }
  return (
    <State tone={tone}>
      {word}
      {version !== null && (tone === 'ok' || tone === 'quiet') && (
        <span class="muted version"> {formatVersion(version)}</span>
      )}
    </State>
  );
}

export function Avatar({ name }: { name: string | null }) {
  const initial = [...(name ?? '').trim()].find((character) => /[\p{L}\p{N}]/u.test(character));
  return (
    <span class="avatar" aria-hidden="true">
      {initial?.toLocaleUpperCase('en') ?? '?'}
    </span>
  );
}

/** How long ago a moment was, counting. */
export function Ago({ atMs }: { atMs: number }) {
  const now = useNow();
  const agoMs = now - atMs;
  return (
    <time class="ago" dateTime={new Date(atMs).toISOString()} title={formatMoment(atMs)}>
      {agoMs < 2000 ? 'now' : formatSpan(agoMs)}
    </time>
  );
}
