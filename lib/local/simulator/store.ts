import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../../ids.ts';
import type { CrispEvent } from './events.ts';
import type {
  CrispConversation,
  CrispMessage,
  CrispOperator,
  CrispProfile,
  CrispWebsite,
  CustomData,
  CustomEvent,
  OriginalMessage,
  VisitedPage,
} from './model.ts';
import { SimulatorError } from './simulator-error.ts';

/** A conversation with all that Crisp keeps beside it. */
export interface StoredConversation {
  readonly ref: SessionRef;
  readonly conversation: CrispConversation;
  /** By timestamp, then in the order of arrival. */
  readonly messages: CrispMessage[];
  readonly visitedPages: VisitedPage[];
  readonly events: CustomEvent[];
  readonly originals: Map<string, OriginalMessage>;
  readonly relations: { parent: string | null; children: string[] };
}

export interface StoredProfile {
  profile: CrispProfile;
  data: CustomData;
  isSubscribedToEmail: boolean;
}

export interface StoredWebsite {
  readonly websiteId: WebsiteId;
  readonly website: CrispWebsite;
  readonly operators: readonly CrispOperator[];
  readonly conversations: Map<string, StoredConversation>;
  readonly profiles: Map<string, StoredProfile>;
  readonly peopleIdByEmail: Map<string, string>;
  /** False: the plugin is not installed there, or the token is not bound to it. */
  isSubscribed: boolean;
  /** Counts changes, so that a sorted list can be kept until something changes. */
  revision: number;
}

export interface Store {
  readonly websites: Map<string, StoredWebsite>;
  /** Throws `SimulatorError` where there is no such website. */
  website(websiteId: WebsiteId): StoredWebsite;
  /** Throws `SimulatorError` where there is no such website or conversation. */
  conversation(session: SessionRef): StoredConversation;
}

/** The state of the simulated Crisp, in memory. */
export function createStore(): Store {
  const websites = new Map<string, StoredWebsite>();

  function website(websiteId: WebsiteId): StoredWebsite {
    const found = websites.get(websiteId);
    if (found === undefined) throw new SimulatorError('unknown_website', websiteId);
    return found;
  }

  return {
    websites,
    website,
    conversation({ websiteId, sessionId }) {
      const found = website(websiteId).conversations.get(sessionId);
      if (found === undefined) throw new SimulatorError('unknown_session', sessionId);
      return found;
    },
  };
}

/** Finds a profile by its id or its e-mail address, as Crisp's routes do. */
export function findProfile(website: StoredWebsite, idOrEmail: string): StoredProfile | undefined {
  const byId = website.profiles.get(idOrEmail);
  if (byId !== undefined || !idOrEmail.includes('@')) return byId;
  return website.profiles.get(website.peopleIdByEmail.get(idOrEmail.toLowerCase()) ?? '');
}

export function addProfile(website: StoredWebsite, stored: StoredProfile): void {
  const { people_id: peopleId, email } = stored.profile;
  website.profiles.set(peopleId, stored);
  website.peopleIdByEmail.set(email.toLowerCase(), peopleId);
}

interface Stamped {
  readonly timestamp: number;
}

/** Index of the first item whose timestamp is at least `timestamp`; the length where there is none. */
export function indexAtOrAfter(items: readonly Stamped[], timestamp: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.timestamp ?? Number.POSITIVE_INFINITY) < timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts an item behind all that are not younger: equal timestamps keep the order of arrival. */
export function insertByTimestamp<Item extends Stamped>(items: Item[], item: Item): void {
  items.splice(indexAtOrAfter(items, item.timestamp + 1), 0, item);
}

/** A conversation as JSON can hold it. */
type WrittenConversation = Omit<StoredConversation, 'originals'> & {
  readonly originals: readonly (readonly [string, OriginalMessage])[];
};

/** The newest line about a thing is the truth about it; null means that it is gone. */
type JournalLine =
  | { readonly kind: 'started' }
  | { kind: 'conversation'; websiteId: string; id: string; stored: WrittenConversation | null }
  | { kind: 'profile'; websiteId: string; id: string; stored: StoredProfile | null }
  | { kind: 'delivery'; id: string; event: CrispEvent | null };

/** Keeps the state and the hooks on their way, so that they survive the end of the process, a kill included. */
export interface Journal {
  /** How often the simulator was started on this journal before. */
  readonly generation: number;
  /** Puts back what the journal holds. Websites come from the options: lines about others are passed over. */
  restore(store: Store): void;
  /** Notes a conversation and its visitor's profile as they are now. */
  keepConversation(store: Store, session: SessionRef): void;
  /** Notes the conversation and the profile that an event is about. */
  keepSubject(store: Store, event: CrispEvent): void;
  /** Events that were on their way when the process last ended; each is returned once. */
  takePending(): readonly CrispEvent[];
  /** Notes that an event is on its way. Returns the id to end it with. */
  beginDelivery(event: CrispEvent): string;
  endDelivery(id: string): void;
}

const FILE = 'simulator.jsonl';

/** Opens the journal of a folder, and rewrites it without what newer lines made obsolete. */
export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, FILE);
  const written = existsSync(file) ? readLines(readFileSync(file, 'utf8')) : [];
  const generation = written.filter(({ kind }) => kind === 'started').length;
  const lines = toNewest(written);
  const starts = Array.from({ length: generation + 1 }, (): JournalLine => ({ kind: 'started' }));
  // Renamed into place: whenever the process is killed, one whole journal is there.
  writeFileSync(`${file}.new`, [...starts, ...lines].map(toText).join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);

  // Written before it returns, so that a killed process loses nothing.
  const append = (line: JournalLine) => appendFileSync(file, toText(line));
  let pending = lines.flatMap((line) =>
    line.kind === 'delivery' && line.event !== null ? [{ id: line.id, event: line.event }] : [],
  );
  let begun = 0;

  function keepProfile(website: StoredWebsite, id: string): void {
    const stored = website.profiles.get(id) ?? null;
    append({ kind: 'profile', websiteId: website.websiteId, id, stored });
  }

  function keep(website: StoredWebsite, id: string): void {
    const stored = website.conversations.get(id);
    const asJson = stored === undefined ? null : { ...stored, originals: [...stored.originals] };
    append({ kind: 'conversation', websiteId: website.websiteId, id, stored: asJson });
  }

  const endDelivery = (id: string) => append({ kind: 'delivery', id, event: null });

  return {
    generation,
    restore(store) {
      for (const line of lines) restoreLine(store, line);
    },
    keepConversation(store, { websiteId, sessionId }) {
      const website = store.website(websiteId);
      keep(website, sessionId);
      const peopleId = website.conversations.get(sessionId)?.conversation.people_id;
      if (peopleId !== undefined) keepProfile(website, peopleId);
    },
    keepSubject(store, { data }) {
      const website = store.websites.get(parseWebsiteId(data.website_id) ?? '');
      if (website === undefined) return;
      const sessionId = parseSessionId(data.session_id);
      if (sessionId !== undefined) keep(website, sessionId);
      if (typeof data.people_id === 'string') keepProfile(website, data.people_id);
    },
    takePending() {
      const taken = pending;
      pending = [];
      // Ended under their old ids only once they are begun anew: killed in between, both are there.
      queueMicrotask(() => {
        for (const { id } of taken) endDelivery(id);
      });
      return taken.map(({ event }) => event);
    },
    beginDelivery(event) {
      begun += 1;
      const id = `${generation}-${begun}`;
      append({ kind: 'delivery', id, event });
      return id;
    },
    endDelivery,
  };
}

/** A last line that a killed process left unfinished never happened. */
function readLines(text: string): JournalLine[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  // Lines that this very module wrote.
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalLine]));
}

function toNewest(lines: readonly JournalLine[]): JournalLine[] {
  const newest = new Map<string, JournalLine>();
  for (const line of lines) {
    if (line.kind === 'started') continue;
    newest.set(`${line.kind} ${line.kind === 'delivery' ? '' : line.websiteId} ${line.id}`, line);
  }
  return [...newest.values()].filter((line) =>
    'stored' in line ? line.stored : 'event' in line && line.event,
  );
}

function restoreLine({ websites }: Store, line: JournalLine): void {
  if (line.kind === 'started' || line.kind === 'delivery' || line.stored === null) return;
  const website = websites.get(line.websiteId);
  if (website === undefined) return;
  if (line.kind === 'profile') addProfile(website, line.stored);
  else website.conversations.set(line.id, { ...line.stored, originals: new Map(line.stored.originals) });
}

function toText(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}
