import type { BreakerView } from '../../breaker/pause.ts';
import { type SessionRef, toSessionKey } from '../../ids.ts';
import { toOpenedFor } from '../../ledger/breaker-notes.ts';
import { toMoment, toPrintable } from '../../text.ts';
import { formatDuration } from '../output.ts';

/** Whether deliveries are held, for what, and when the next look comes; in a line of its own for which session. */
export function formatDeliveries({ deliveries, isOpen, opening }: BreakerView, nowMs: number): string {
  const state = deliveries;
  if (!opening || opening.closing || (!isOpen && deliveries !== 'unknown')) return `${state}\n`;
  const since = formatDuration(nowMs - opening.openedMs);
  const next = formatDuration(opening.nextProbeMs - nowMs);
  const session = toOpenedFor(opening);
  const about = session ? `opened for: ${toSessionKey(session)}${toRoute(opening.route)}\n` : '';
  return `${state}; held for ${since} because of ${toPrintable(opening.code)}, next look in ${next}\n${about}`;
}

/** The newest opening, in the trace of the session that it is about; nothing in any other's. */
export function formatOwnOpening({ opening }: BreakerView, session: SessionRef): string {
  if (!opening || !isAbout(opening, session)) return '';
  const until = opening.closing ? `until ${toMoment(opening.closing.closedMs)}` : 'until now';
  const refuted = opening.closing?.wasFalseAlarm
    ? '; others were served, so its failures are its own since'
    : '';
  const code = toPrintable(opening.code);
  return `held the queue: from ${toMoment(opening.openedMs)} ${until}, with ${code}${refuted}\n`;
}

function isAbout(opening: NonNullable<BreakerView['opening']>, session: SessionRef): boolean {
  const openedFor = toOpenedFor(opening);
  return openedFor !== undefined && toSessionKey(openedFor) === toSessionKey(session);
}

function toRoute(route: string | undefined): string {
  return route === undefined ? '' : ` on ${toPrintable(route)}`;
}
