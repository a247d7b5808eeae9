import { createDeadLetterGroups } from '../dead-letters/filter.ts';
import { parseSessionId, type SessionRef, toSessionKey } from '../ids.ts';
import { type Run, toNextMs } from '../ledger/runs.ts';
import { type ConsoleContext, toSentence } from './context.ts';
import type { WantedFace } from './faces.ts';
import type { KnownLetter } from './letter-cache.ts';
import type { DeadLetters, Found, Letter, Letters, Line, Lines, RunRow, Runs } from './model.ts';
import { toKey } from './run-cache.ts';
import type { TrafficLine } from './traffic.ts';

/** Where a page of a list begins, and how long it is at most. */
export interface Page {
  /** Of the last item of the page before; undefined: the first page. */
  readonly after: string | undefined;
  readonly limit: number;
}

interface Cut<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** The part of a list that follows an item. One that is gone has no followers: the page begins anew. */
function cut<Item>(all: readonly Item[], { after, limit }: Page, toName: (item: Item) => string): Cut<Item> {
  const start = after === undefined ? 0 : all.findIndex((item) => toName(item) === after) + 1;
  const items = all.slice(start, start + limit);
  const last = items.at(-1);
  return { items, next: last !== undefined && start + limit < all.length ? toName(last) : null };
}

/** One line a conversation; names and last messages come when they were read. */
export async function readLines(context: ConsoleContext, page: Page): Promise<Lines> {
  const { traffic } = context;
  const refreshed = traffic.refresh().catch(() => undefined);
  if (traffic.asOfMs() === 0) await refreshed;
  const { items, next } = cut(traffic.lines(), page, ({ session }) => toSessionKey(session));
  context.faces.want(items.map(toWanted));
  return { lines: items.map((line) => toLine(context, line)), next };
}

/** The run log has no versions, but a record is of the run that announced it. */
export function toWanted({ session, version, outcome, atMs, durationMs }: TrafficLine): WantedFace {
  const sinceVersion = version ?? (outcome === 'emitted' && durationMs !== null ? atMs - durationMs : 0);
  return { session, sinceVersion };
}

export function toLine({ faces, meanings }: ConsoleContext, line: TrafficLine): Line {
  const face = faces.get(line.session);
  const { failure, version } = line;
  return {
    ...line,
    name: face?.name ?? null,
    lastMessage: face?.lastMessage ?? null,
    version: version ?? face?.version ?? null,
    failure: failure && { code: failure.code, words: toWhy(meanings, failure.code, failure.words) },
  };
}

/** What the code means, and what Crisp or AWS said. */
function toWhy(meanings: ConsoleContext['meanings'], code: string, hint: string | undefined): string {
  const meaning = toMeaning(meanings, code);
  return hint ? `${meaning.replace(/\.$/, '')} (${hint}).` : meaning;
}

/** What a code means, without its detail; as it stands where nobody has described it. */
function toMeaning(meanings: ConsoleContext['meanings'], code: string): string {
  const [name = code] = code.split(':', 1);
  return meanings.get(name)?.meaning ?? DEFERRALS[name] ?? name.replaceAll('_', ' ');
}

/** What a message waits for that has not failed. */
const DEFERRALS: Readonly<Record<string, string>> = {
  absence_unconfirmed: 'Crisp does not have it now: it is looked for once more.',
  breaker_open: 'The queue is held.',
  fetched_lately: 'It was fetched a moment ago.',
  not_due: 'Its time has not come.',
  stale_read: 'The newest message was missing in the answer: it is read again.',
};

export interface RunsQuery extends Page {
  readonly outcome: string | undefined;
  /** Or its beginning. */
  readonly code: string | undefined;
  readonly session: string | undefined;
  readonly sinceMs: number | undefined;
}

export async function readRuns({ runs, meanings }: ConsoleContext, query: RunsQuery): Promise<Runs> {
  const refreshed = runs.refresh();
  if (runs.asOfMs() === 0) await refreshed;
  else refreshed.catch(() => undefined);
  const matching = runs.list().filter((run) => matches(run, query));
  const { items, next } = cut(matching, query, toKey);
  return { runs: items.map((run) => toRow(run, meanings)), next, isCut: runs.isCut(), asOfMs: runs.asOfMs() };
}

function matches(run: Run, { outcome, code, session, sinceMs }: RunsQuery): boolean {
  if (outcome !== undefined && run.outcome !== outcome) return false;
  if (code !== undefined && !run.code?.startsWith(code)) return false;
  if (session !== undefined && run.session?.sessionId !== session) return false;
  return sinceMs === undefined || run.startedMs >= sinceMs;
}

function toRow(run: Run, meanings: ConsoleContext['meanings']): RunRow {
  const { session = null, messageId, startedMs, durationMs, outcome, attempt, apiCalls, code, reason } = run;
  return {
    session,
    messageId,
    atMs: startedMs,
    outcome,
    attempt,
    calls: apiCalls,
    durationMs,
    code: code ?? null,
    words: reason ?? (code === undefined ? null : toMeaning(meanings, code)),
    nextMs: toNextMs(run) ?? null,
  };
}

/** The dead letters by reason, as the newest look has seen them. */
export async function readDeadLetters({ letters, meanings }: ConsoleContext): Promise<DeadLetters> {
  const problem = await letters.refresh().then(() => undefined, toSentence);
  const known = letters.list();
  const groups = createDeadLetterGroups();
  const redrivable = new Set<string>();
  for (const letter of known) {
    groups.add(letter);
    if (letter.session) redrivable.add(letter.reason.code);
  }
  const missing = problem ?? letters.missing() ?? null;
  return {
    groups: groups.list().map(({ code, count, oldestMs = null, expiresMs = null }) => ({
      code,
      meaning: toMeaning(meanings, code),
      remedy: meanings.get(code)?.remedy ?? '',
      count,
      oldestMs,
      firstExpiryMs: expiresMs,
      canRedrive: redrivable.has(code),
    })),
    total: known.length,
    asOfMs: letters.asOfMs(),
    isWhole: missing === null,
    missing,
  };
}

/** Those of one reason, or all; those that expire first come first. */
export async function listLetters(
  context: ConsoleContext,
  code: string | undefined,
  page: Page,
): Promise<Letters> {
  await context.letters.refresh().catch(() => undefined);
  const matching = context.letters
    .list()
    .filter(({ reason }) => code === undefined || reason.code === code)
    .sort((a, b) => (a.expiresMs ?? 0) - (b.expiresMs ?? 0));
  const { items, next } = cut(matching, page, ({ messageId }) => messageId);
  return { letters: items.map((letter) => toLetter(context, letter)), next };
}

export function toLetter({ meanings, redrives }: ConsoleContext, letter: KnownLetter): Letter {
  const { messageId, session = null, reason, attempts, deadSinceMs = null, expiresMs = null } = letter;
  return {
    messageId,
    session,
    code: reason.code,
    words: toWhy(meanings, reason.code, reason.hint),
    attempts,
    deadMs: deadSinceMs,
    expiresMs,
    state: redrives.isInHand(messageId) ? 'redriving' : 'dead',
  };
}

const MOST_FOUND = 20;

/** Sessions whose id, e-mail or nickname has the text in it; a whole id is looked for in the archive too. */
export async function search(context: ConsoleContext, text: string): Promise<Found> {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return { sessions: [] };
  const found = new Map<string, SessionRef>();
  for (const { session } of context.traffic.lines()) {
    if (found.size >= MOST_FOUND) break;
    const face = context.faces.get(session);
    const texts = [session.sessionId, face?.name, face?.email];
    if (texts.some((it) => it?.toLowerCase().includes(wanted))) found.set(toSessionKey(session), session);
  }
  const sessionId = parseSessionId(text.trim());
  if (sessionId !== undefined && found.size === 0) {
    for (const session of await findArchived(context, sessionId)) found.set(toSessionKey(session), session);
  }
  context.faces.want([...found.values()].map((session) => ({ session, sinceVersion: 0 })));
  if (found.size === 1) await context.faces.settled();
  return {
    sessions: [...found.values()].map((session) => {
      const { name = null, email = null } = context.faces.get(session) ?? {};
      return { session, name, email };
    }),
  };
}

async function findArchived(
  { operations }: ConsoleContext,
  sessionId: SessionRef['sessionId'],
): Promise<readonly SessionRef[]> {
  const named = operations.stage.websiteIds ?? [];
  const websiteIds = named.length > 0 ? named : await operations.listKnownWebsites();
  const archive = await operations.archive();
  const sessions = websiteIds.map((websiteId) => ({ websiteId, sessionId }));
  const stored = await Promise.all(sessions.map((session) => archive.getLatest(session)));
  return sessions.filter((_session, index) => stored[index] !== undefined);
}
