import type { Clock } from '../clock.ts';
import { parseSessionRef, type SessionRef, toSessionKey } from '../ids.ts';
import type { SeenHook } from '../operate/timeline.ts';
import type { Telemetry, TelemetryEvent } from '../telemetry/events.ts';
import type { Savings } from './model.ts';
import { createCurves, createMinuteCounts } from './series.ts';
import type { RunTotals, Traffic, TrafficLine } from './traffic.ts';

// The bounds of what is kept, some 15 MB in all: conversations, the hooks of their timelines, and the messages that wait
// for a fetch of one conversation.
const MOST_LINES = 10_000;
const MOST_HOOKS = 20_000;
const MOST_PENDING = 100;

/** What a conversation has come to since its fetch before. */
interface LineState
  extends Pick<TrafficLine, 'session' | 'calls' | 'durationMs' | 'outcome' | 'version' | 'failure'> {
  readonly hooks: number;
  readonly fetches: number;
  readonly atMs: number;
  /** Hooks by the message that they became, of those that no fetch has answered. */
  readonly pending: ReadonlyMap<string, number>;
  /** Calls that the official client would make for it, as of its newest fetch. */
  readonly loopCalls: number;
}

/** What the pipeline of this process does, counted as it happens. */
export interface LiveTraffic extends Traffic, Telemetry {
  totals(): RunTotals;
  /** How many hooks of a session no fetch has answered yet; those of one message where it is named. */
  pendingHooks(
    session: { readonly websiteId: string; readonly sessionId: string },
    messageId?: string,
  ): number;
}

/**
 * Listens to the pipeline of this process. It is there from the start on, so that a page which is opened later shows what
 * was before; whatever the console is made of besides is loaded with its first request.
 */
export function createLiveTraffic(clock: Clock): LiveTraffic {
  const lines = new Map<string, LineState>();
  const changed = new Set<string>();
  const hooks: (SeenHook & { readonly key: string })[] = [];
  let nextHook = 0;
  const counts = {
    hooks: createMinuteCounts(),
    queue: createMinuteCounts(),
    fetch: createMinuteCounts(),
    records: createMinuteCounts(),
    refused: createMinuteCounts(),
  };
  const saved = { calls: 0, callsOfALoop: 0, coalesced: 0, covered: 0, incremental: 0, cached: 0 };
  const curves = createCurves();
  const events = new Map<TelemetryEvent['name'], number>();
  const seen = { messages: 0, conversationRequests: 0, removals: 0 };
  let callsToday: RunTotals['callsToday'];

  function change(session: SessionRef, toNext: (line: LineState) => Partial<LineState>): void {
    const key = toSessionKey(session);
    const line = lines.get(key) ?? toFirst(session);
    // Behind the others: a map keeps the order in which its keys came.
    lines.delete(key);
    lines.set(key, { ...line, ...toNext(line), atMs: clock.nowMs() });
    changed.add(key);
    if (lines.size <= MOST_LINES) return;
    const [oldest = ''] = lines.keys();
    lines.delete(oldest);
    changed.delete(oldest);
  }

  function noteHook(event: Extract<TelemetryEvent, { name: 'session-enqueued' }>, session: SessionRef): void {
    const { messageId } = event;
    const atMs = clock.nowMs();
    hooks[nextHook % MOST_HOOKS] = { key: toSessionKey(session), atMs, event: event.event, messageId };
    nextHook += 1;
    counts.hooks.add(atMs);
    change(session, (line) => {
      if (!line.pending.has(messageId)) {
        counts.queue.add(atMs);
        seen.messages += 1;
      }
      const pending = new Map(line.pending).set(messageId, (line.pending.get(messageId) ?? 0) + 1);
      if (pending.size > MOST_PENDING) pending.delete([...pending.keys()][0] ?? '');
      return line.atMs === 0 || ENDED.has(line.outcome)
        ? { ...NOTHING_YET, outcome: 'waiting', hooks: countHooks(pending), pending }
        : { hooks: line.hooks + 1, pending };
    });
  }

  function noteFetch(
    event: Extract<TelemetryEvent, { name: 'conversation-fetched' }>,
    session: SessionRef,
  ): void {
    const { apiCalls, durationMs } = event;
    counts.fetch.add(clock.nowMs());
    change(session, (line) => {
      const loopCalls = toLoopCalls(event.messages);
      const answered = countHooks(line.pending);
      saved.callsOfALoop += answered * loopCalls;
      saved.coalesced += (answered - line.pending.size) * loopCalls;
      saved.covered += Math.max(0, line.pending.size - 1) * loopCalls;
      const less = answered === 0 ? 0 : Math.max(0, loopCalls - apiCalls);
      if (event.mode === 'incremental') saved.incremental += less;
      else saved.cached += less;
      const begun = ENDED.has(line.outcome) ? { hooks: answered, fetches: 0, calls: 0 } : line;
      return {
        outcome: 'fetching',
        hooks: begun.hooks,
        fetches: begun.fetches + 1,
        calls: begun.calls + apiCalls,
        durationMs,
        failure: null,
        loopCalls,
        pending: NONE,
      };
    });
  }

  function noteCovered({ messageId }: { readonly messageId: string }, session: SessionRef): void {
    change(session, (line) => {
      const calls = (line.pending.get(messageId) ?? 0) * line.loopCalls;
      saved.callsOfALoop += calls;
      saved.covered += calls;
      const pending = new Map(line.pending);
      pending.delete(messageId);
      return { pending, outcome: pending.size > 0 ? line.outcome : 'covered' };
    });
  }

  function noteOfSession(event: TelemetryEvent, session: SessionRef): void {
    switch (event.name) {
      case 'session-enqueued':
        noteHook(event, session);
        break;
      case 'conversation-fetched':
        noteFetch(event, session);
        break;
      case 'record-emitted': {
        counts.records.add(clock.nowMs());
        const outcome = event.kind === 'conversation.removed' ? 'removed' : 'emitted';
        if (outcome === 'removed') seen.removals += 1;
        change(session, (line) => toAnswered(line, { outcome, version: event.version }));
        break;
      }
      case 'record-unchanged':
        change(session, (line) => toAnswered(line, { outcome: 'unchanged', version: event.version }));
        break;
      case 'job-covered':
        noteCovered(event, session);
        break;
      case 'job-skipped':
        change(session, () => ({ outcome: 'skipped', failure: null, pending: NONE }));
        break;
      case 'job-deferred': {
        // It only waits for its time, as it did before.
        if (event.reason === 'not_due' || event.reason === 'fetched_lately') break;
        const outcome = HELD.has(event.reason) ? 'held' : 'deferred';
        change(session, () => ({ outcome, failure: { code: event.reason, words: '' } }));
        break;
      }
      case 'job-failed':
      case 'job-dead': {
        const outcome = event.name === 'job-dead' ? 'dead' : 'failed';
        change(session, () => ({ outcome, failure: { code: event.code, words: event.hint ?? '' } }));
        break;
      }
      default:
        break;
    }
  }

  function noteOfNoSession(event: TelemetryEvent): void {
    switch (event.name) {
      case 'crisp-requested':
        saved.calls += 1;
        if (event.route === CONVERSATION_ROUTE) seen.conversationRequests += 1;
        break;
      case 'hook-refused':
        counts.refused.add(clock.nowMs());
        break;
      case 'quota-counted':
        callsToday = { used: event.used, quota: event.quota };
        break;
      default:
        break;
    }
  }

  function times(name: TelemetryEvent['name']): number {
    return events.get(name) ?? 0;
  }

  return {
    isLive: true,
    emit(event) {
      events.set(event.name, times(event.name) + 1);
      noteOfNoSession(event);
      const session = 'sessionId' in event ? parseSessionRef(event.websiteId, event.sessionId) : undefined;
      if (session) noteOfSession(event, session);
      if (session || event.name === 'crisp-requested')
        curves.note(clock.nowMs(), { calls: saved.calls, loop: saved.callsOfALoop });
    },
    refresh: async () => undefined,
    asOfMs: () => clock.nowMs(),
    flow() {
      const read = ({ lastMinute, minutes }: ReturnType<typeof createMinuteCounts>) => ({
        lastMinute: lastMinute(clock.nowMs()),
        minutes: minutes(clock.nowMs()),
      });
      const records = read(counts.records);
      return {
        hooks: read(counts.hooks),
        queue: read(counts.queue),
        fetch: read(counts.fetch),
        // A record is announced as soon as it is archived.
        archive: records,
        records,
      };
    },
    refused: () => counts.refused.minutes(clock.nowMs()).reduce((sum, count) => sum + count, 0),
    savings(): Savings {
      curves.note(clock.nowMs(), { calls: saved.calls, loop: saved.callsOfALoop });
      return { ...saved, day: curves.points() };
    },
    totals: () => ({
      hooksQueued: times('session-enqueued'),
      hooksIgnored: times('hook-ignored'),
      hooksRefused: times('hook-refused'),
      messages: seen.messages,
      conversationsFetched: times('conversation-fetched'),
      crispRequests: saved.calls,
      conversationRequests: seen.conversationRequests,
      loopRequests: saved.callsOfALoop,
      recordsEmitted: times('record-emitted') - seen.removals,
      removalsEmitted: seen.removals,
      unchanged: times('record-unchanged'),
      covered: times('job-covered') + times('job-superseded'),
      ...(callsToday && { callsToday }),
    }),
    pendingHooks({ websiteId, sessionId }, messageId) {
      const session = parseSessionRef(websiteId, sessionId);
      const pending = (session && lines.get(toSessionKey(session))?.pending) ?? NONE;
      return messageId === undefined ? countHooks(pending) : (pending.get(messageId) ?? 0);
    },
    lines: () => [...lines.values()].reverse().map(toLine),
    takeChanged() {
      const taken = [...changed].flatMap((key) => lines.get(key) ?? []).map(toLine);
      changed.clear();
      return taken;
    },
    hooksOf(session) {
      const key = toSessionKey(session);
      return hooks.filter((hook) => hook.key === key);
    },
  };
}

// As Crisp's client names it: the path without its ids.
const CONVERSATION_ROUTE = 'website/conversation';

const NONE: ReadonlyMap<string, number> = new Map();

/** After these a hook begins something new. */
const ENDED: ReadonlySet<TrafficLine['outcome']> = new Set([
  ...(['emitted', 'unchanged', 'removed', 'skipped', 'covered', 'superseded', 'dead'] as const),
]);

const HELD: ReadonlySet<string> = new Set(['breaker_open', 'too_many_removals']);

const NOTHING_YET = { hooks: 0, fetches: 0, calls: 0, durationMs: null, failure: null } as const;

/** Hooks that came while it was fetched belong to the next fetch. */
function toAnswered(line: LineState, end: Pick<LineState, 'outcome' | 'version'>): Partial<LineState> {
  return { ...end, hooks: line.hooks - countHooks(line.pending), failure: null };
}

function countHooks(pending: ReadonlyMap<string, number>): number {
  let hooks = 0;
  for (const count of pending.values()) hooks += count;
  return hooks;
}

function toFirst(session: SessionRef): LineState {
  return { ...NOTHING_YET, session, outcome: 'waiting', version: null, atMs: 0, pending: NONE, loopCalls: 0 };
}

function toLine({ pending: _pending, loopCalls: _loopCalls, ...line }: LineState): TrafficLine {
  return line;
}

// Crisp's page, as the simulator has it.
const PAGE_SIZE = 20;

/** What the official client makes for one read of a conversation: itself, its profile, its pages and an empty one. */
function toLoopCalls(messages: number): number {
  return 3 + Math.ceil(messages / PAGE_SIZE);
}
