import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../../ids.ts';
import type { CrispEvent } from './events.ts';
import type {
  CrispConversation,
  CrispMessage,
  CrispProfile,
  CrispWebsite,
  CustomEvent,
  VisitedPage,
} from './model.ts';

/** The state of the simulated Crisp, in memory. */
export interface Store {
  readonly websites: Map<string, StoredWebsite>;
}

export interface StoredWebsite {
  readonly websiteId: WebsiteId;
  readonly website: CrispWebsite;
  readonly operators: readonly { readonly userId: string; readonly nickname: string }[];
  readonly conversations: Map<string, StoredConversation>;
  readonly profiles: Map<string, CrispProfile>;
  readonly peopleIdByEmail: Map<string, string>;
  /** False: the plugin is not installed there, or the token is not bound to it. */
  isSubscribed: boolean;
}

/** A conversation with all that Crisp keeps beside it. */
export interface StoredConversation {
  readonly ref: SessionRef;
  readonly conversation: CrispConversation;
  /** By timestamp, then in the order of arrival. */
  readonly messages: CrispMessage[];
  readonly visitedPages: VisitedPage[];
  readonly events: CustomEvent[];
  readonly relations: { parent: string | null; children: string[] };
}

/** Throws `SimulatorError` where there is no such website. */
export function findWebsite({ websites }: Store, websiteId: WebsiteId): StoredWebsite {
  const found = websites.get(websiteId);
  if (found === undefined) throw new SimulatorError('unknown_website', websiteId);
  return found;
}

/** Throws `SimulatorError` where there is no such website or conversation. */
export function findConversation(store: Store, { websiteId, sessionId }: SessionRef): StoredConversation {
  const found = findWebsite(store, websiteId).conversations.get(sessionId);
  if (found === undefined) throw new SimulatorError('unknown_session', sessionId);
  return found;
}

/** Finds a profile by its id or its e-mail address, as Crisp's routes do. */
export function findProfile(website: StoredWebsite, idOrEmail: string): CrispProfile | undefined {
  const byId = website.profiles.get(idOrEmail);
  if (byId !== undefined || !idOrEmail.includes('@')) return byId;
  return website.profiles.get(website.peopleIdByEmail.get(idOrEmail.toLowerCase()) ?? '');
}

export function addProfile(website: StoredWebsite, profile: CrispProfile): void {
  website.profiles.set(profile.people_id, profile);
  website.peopleIdByEmail.set(profile.email.toLowerCase(), profile.people_id);
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

type SimulatorErrorCode =
  | 'unknown_website'
  | 'unknown_session'
  | 'unknown_route'
  | 'unknown_message'
  | 'unknown_profile'
  | 'unknown_hook'
  | 'unknown_switch'
  | 'switch_position_invalid'
  | 'session_exists'
  | 'hook_url_not_loopback';

/** A test or a person asked the simulator for something it cannot do. Never an answer of the simulated Crisp. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
  readonly code: SimulatorErrorCode;

  constructor(code: SimulatorErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/** The newest line about a thing is the truth about it; null means that it is gone. */
type JournalLine =
  | { readonly kind: 'started' }
  | { kind: 'conversation'; websiteId: string; id: string; stored: StoredConversation | null }
  | { kind: 'person'; websiteId: string; id: string; stored: CrispProfile | null }
  | { kind: 'delivery'; id: string; event: CrispEvent | null };

/** Keeps the state and the hooks on their way, so that they survive the end of the process, a kill included. */
export type Journal = ReturnType<typeof openJournal>;

/** Opens the journal of a folder, and rewrites it without what newer lines made obsolete. */
export function openJournal(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'simulator.jsonl');
  const written = existsSync(file) ? readLines(readFileSync(file, 'utf8')) : [];
  const generation = written.filter(({ kind }) => kind === 'started').length;
  const lines = toNewest(written);
  const starts = Array.from({ length: generation + 1 }, (): JournalLine => ({ kind: 'started' }));
  // Renamed into place: whenever the process is killed, one whole journal is there.
  writeFileSync(`${file}.new`, [...starts, ...lines].map(toText).join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);

  // Written before it returns, so that a killed process loses nothing.
  const append = (line: JournalLine) => appendFileSync(file, toText(line));
  const endDelivery = (id: string) => append({ kind: 'delivery', id, event: null });
  let pending = lines.flatMap((line) =>
    line.kind === 'delivery' && line.event !== null ? [{ id: line.id, event: line.event }] : [],
  );
  let begun = 0;

  return {
    /** How often the simulator was started on this journal before. */
    generation,
    /** Puts back what the journal holds. Websites come from the options: lines about others are passed over. */
    restore({ websites }: Store): void {
      for (const line of lines) {
        if (line.kind === 'started' || line.kind === 'delivery' || line.stored === null) continue;
        const website = websites.get(line.websiteId);
        if (website && line.kind === 'person') addProfile(website, line.stored);
        if (website && line.kind === 'conversation') website.conversations.set(line.id, line.stored);
      }
    },
    /** Notes a conversation and a profile as they are now; a field that names neither is no reason to note anything. */
    keep(
      { websites }: Store,
      { website_id, session_id, people_id }: Readonly<Record<string, unknown>>,
    ): void {
      const website = websites.get(parseWebsiteId(website_id) ?? '');
      if (website === undefined) return;
      const { websiteId, conversations, profiles } = website;
      const id = parseSessionId(session_id);
      if (id !== undefined)
        append({ kind: 'conversation', websiteId, id, stored: conversations.get(id) ?? null });
      if (typeof people_id === 'string')
        append({ kind: 'person', websiteId, id: people_id, stored: profiles.get(people_id) ?? null });
    },
    /** Events that were on their way when the process last ended; each is returned once. */
    takePending(): readonly CrispEvent[] {
      const taken = pending;
      pending = [];
      // Ended under their old ids only once they are begun anew: killed in between, both are there.
      queueMicrotask(() => {
        for (const { id } of taken) endDelivery(id);
      });
      return taken.map(({ event }) => event);
    },
    /** Notes that an event is on its way. Returns the id to end it with. */
    beginDelivery(event: CrispEvent): string {
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

function toText(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}
