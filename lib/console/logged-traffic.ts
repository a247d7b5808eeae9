import type { Clock } from '../clock.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { Run } from '../ledger/runs.ts';
import type { RunCache } from './run-cache.ts';
import { createMinuteCounts } from './series.ts';
import type { Traffic, TrafficLine } from './traffic.ts';

/**
 * What the run log tells of a stage whose events are not at hand: what was fetched, not what came in. It is as old as the
 * newest read of the runs.
 */
export function createLoggedTraffic(runs: RunCache, clock: Clock): Traffic {
  const lines = new Map<string, TrafficLine>();
  const changed = new Set<string>();

  runs.onRuns((fresh) => {
    for (const run of fresh) {
      if (!run.session) continue;
      const key = toSessionKey(run.session);
      const line = lines.get(key);
      if (line && line.atMs > run.startedMs + run.durationMs) continue;
      lines.delete(key);
      lines.set(key, toLine(run, run.session));
      changed.add(key);
    }
    const kept = runs.list().length;
    for (const key of [...lines.keys()].slice(0, Math.max(0, lines.size - kept))) lines.delete(key);
  });

  function count(isMeant: (run: Run) => boolean) {
    const counts = createMinuteCounts();
    const nowMs = clock.nowMs();
    const fetches = new Set<string>();
    for (const run of runs.list()) {
      const endedMs = run.startedMs + run.durationMs;
      // Runs of messages that one invocation handled together are one fetch.
      const fetch = `${run.requestId} ${run.session ? toSessionKey(run.session) : run.messageId}`;
      if (nowMs - endedMs > KEPT_MS || !isMeant(run) || fetches.has(fetch)) continue;
      fetches.add(fetch);
      counts.add(endedMs);
    }
    return { lastMinute: counts.lastMinute(nowMs), minutes: counts.minutes(nowMs) };
  }

  return {
    isLive: false,
    refresh: runs.refresh,
    asOfMs: runs.asOfMs,
    flow() {
      const records = count(({ outcome }) => outcome === 'emitted' || outcome === 'removed');
      const unknown = { lastMinute: null, minutes: [] };
      return {
        hooks: unknown,
        queue: unknown,
        fetch: count(({ apiCalls }) => apiCalls > 0),
        archive: records,
        records,
      };
    },
    refused: () => undefined,
    savings: () => undefined,
    lines: () => [...lines.values()].sort((a, b) => b.atMs - a.atMs),
    takeChanged() {
      const taken = [...changed].flatMap((key) => lines.get(key) ?? []);
      changed.clear();
      return taken;
    },
    hooksOf: () => [],
  };
}

const KEPT_MS = 16 * 60_000;

function toLine(run: Run, session: SessionRef): TrafficLine {
  const { startedMs, durationMs, outcome, apiCalls, code, reason } = run;
  return {
    session,
    hooks: null,
    fetches: apiCalls > 0 ? 1 : 0,
    calls: apiCalls,
    durationMs,
    outcome,
    version: null,
    failure: code === undefined ? null : { code, words: reason ?? '' },
    atMs: startedMs + durationMs,
  };
}
