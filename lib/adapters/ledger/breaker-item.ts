import type { NotedOpening, Pause } from '../../core/breaker/opening.ts';
import type { Streak } from '../../core/breaker/streak.ts';
import { parseSessionId, parseWebsiteId, type SessionRef } from '../../core/ids.ts';
import type { Row } from '../../ports/breaker-notes.ts';
import { type LedgerItem, readNumber } from './ledger-table.ts';

/** What the item of the newest opening says; undefined where a closing alone could be noted. Throws `ledger_failed`. */
export function toNotedOpening(item: LedgerItem): NotedOpening | undefined {
  if (item.openedMs === undefined) return undefined;
  return {
    openedMs: readNumber(item.openedMs),
    code: item.code?.S ?? 'unknown',
    route: item.failedRoute?.S,
    session: toSession(item.websiteId?.S, item.sessionId?.S),
    holdOffSeconds: readNumber(item.holdOffSeconds),
    nextProbeMs: readNumber(item.nextProbeMs),
    failedProbes: readNumber(item.failedProbes),
    closing:
      item.closedMs === undefined
        ? undefined
        : { closedMs: readNumber(item.closedMs), wasFalseAlarm: item.falseAlarm?.BOOL ?? false },
  };
}

/** Undefined where the pause was taken back. */
export function toPause({ sinceMs, pauseReason }: LedgerItem): Pause | undefined {
  return sinceMs && { sinceMs: readNumber(sinceMs), reason: pauseReason?.S ?? '' };
}

export function toRow(item: LedgerItem): Row {
  const { failedSessions, healthyWebsiteId, healthySessionId, refutedSessions, refutedMs } = item;
  return {
    failed: failedSessions?.SS ?? [],
    healthy: toSession(healthyWebsiteId?.S, healthySessionId?.S),
    refuted: {
      sessions: refutedSessions?.SS ?? [],
      atMs: refutedMs === undefined ? 0 : readNumber(refutedMs),
    },
  };
}

export function toStreak({ failedSessions, firstMs }: LedgerItem): Streak {
  return { sessions: failedSessions?.SS ?? [], firstMs: readNumber(firstMs) };
}

function toSession(website: string | undefined, session: string | undefined): SessionRef | undefined {
  const websiteId = parseWebsiteId(website);
  const sessionId = parseSessionId(session);
  return websiteId && sessionId && { websiteId, sessionId };
}
