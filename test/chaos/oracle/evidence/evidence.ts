import type { History, HistoryEvent } from '../history.ts';
import type { Terms } from '../terms.ts';
import { type Acceptance, findAcceptances } from './acceptances.ts';
import { type Announcement, type Announcements, findAnnouncements } from './announcements.ts';
import { type Fetch, findFetches } from './fetches.ts';
import { findLooks, type Look } from './looks.ts';
import { findMessages, type MessageLife } from './message-lives.ts';
import { findTruths, type Truth } from './truths.ts';

/** An event of the history, and its place in it: order is told by `index`, because many things happen in one ms. */
export type Placed<Type extends HistoryEvent['type'] = HistoryEvent['type']> = {
  readonly index: number;
} & EventOf<Type>;

// One by one, because an event may stand for several types.
type EventOf<Type, Event = HistoryEvent> = Event extends { readonly type: string }
  ? Type extends Event['type']
    ? Event & { readonly type: Type }
    : never
  : never;

/** A run as the invariants look at it: the history, sorted by what each event is about. */
export interface Evidence {
  readonly terms: Terms;
  readonly history: History;
  /** All events of one type, in order. */
  of<Type extends HistoryEvent['type']>(type: Type): readonly Placed<Type>[];
  /** Deliveries that were answered with 2xx `queued`. */
  readonly acceptances: readonly Acceptance[];
  /** By message id. */
  readonly messages: ReadonlyMap<string, MessageLife>;
  /** These, by session key, each in order. */
  readonly fetches: ReadonlyMap<string, readonly Fetch[]>;
  readonly looks: ReadonlyMap<string, readonly Look[]>;
  readonly announcements: ReadonlyMap<string, readonly Announcement[]>;
  readonly truths: ReadonlyMap<string, readonly Truth[]>;
  readonly unreadable: Announcements['unreadable'];
}

export function toEvidence(history: History, terms: Terms): Evidence {
  const byType = Map.groupBy(
    history.map((event, index) => ({ ...event, index })),
    ({ type }) => type,
  );
  const of = <Type extends HistoryEvent['type']>(type: Type) =>
    // Grouped by that very type.
    (byType.get(type) ?? []) as unknown as readonly Placed<Type>[];

  const { bySession, unreadable } = findAnnouncements(of);
  return {
    terms,
    history,
    of,
    acceptances: findAcceptances(of, terms),
    messages: findMessages(of),
    fetches: findFetches(of),
    looks: findLooks(of),
    announcements: bySession,
    unreadable,
    truths: findTruths(of),
  };
}

/** All events of one type, in order. */
export type EventsOf = Evidence['of'];

/** Those that lie between two places of the history, both left out. */
export function between<Event extends { readonly index: number }>(
  events: readonly Event[],
  after: number,
  before: number,
): readonly Event[] {
  return events.slice(findFirst(events, after + 1), findFirst(events, before));
}

// Events are in order: the place of the first one at `index` or later.
function findFirst(events: readonly { readonly index: number }[], index: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.index ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
