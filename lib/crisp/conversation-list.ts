import { JobError } from '../errors.ts';
import { parseSessionId, type SessionRef, type WebsiteId } from '../ids.ts';
import { isJsonObject } from '../text.ts';
import type { CrispClient } from './client.ts';
import { expectIds, expectList } from './fields.ts';

/** A conversation as Crisp lists it. */
export interface ListedConversation extends SessionRef {
  /** Epoch ms; undefined where Crisp does not say. */
  readonly updatedMs: number | undefined;
}

interface ListWindow {
  readonly websiteId: WebsiteId;
  /** Updates from then on, up to then: epoch ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

interface WalkOptions {
  readonly crisp: Pick<CrispClient, 'listConversations'>;
  readonly window: ListWindow;
  /** False: no further page is asked for. Asked before each. */
  readonly mayAsk: () => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

/** A page of the walk. */
interface WalkedPage {
  /** Conversations of the window, each once a walk; but for one that was updated meanwhile. */
  readonly conversations: readonly ListedConversation[];
  /** All that was updated later than this, up to the window's end, has been listed before or is in this page; epoch ms. */
  readonly reachedMs: number;
}

/** So many of a page's oldest are asked for again with the next: that they come proves that nothing lies in between. */
const OVERLAP = 5;

// Crisp may cut a date to its second.
const SECOND_MS = 1000;

// A pass finds something new only where conversations were updated or removed while it read.
const MOST_PASSES = 10;

/**
 * Lists the conversations of a window, the newest update first. A list by number shifts while it is read: an update moves a
 * conversation to page 1, a removal moves all behind it forward. So each request asks by date for what is older than the
 * page before, a few entries of it included. Only the end of the window is asked for: were Crisp's filter about another
 * date, entries would come that were updated later than that. Then, and where a second holds more than a page, the list is
 * read by page numbers, again and again until a pass shows nothing new. What leaves the window upwards was updated since
 * the walk began, and is in the next window. Throws `paging_stuck` where pages repeat.
 *
 * Returns true where the whole window was listed.
 */
export async function* walkConversations(options: WalkOptions): AsyncGenerator<WalkedPage, boolean> {
  const { window, mayAsk } = options;
  let before: ListedPage | undefined;
  for (let endMs = toEndOfSecond(window.toMs); ; ) {
    if (!(await mayAsk())) return false;
    const page = await readPage(options, { page: 1, endMs });
    if (!isAsAsked(page, before, endMs)) return yield* walkByNumbers(options, { seen: before?.ids });
    const isLast = isBeyond(page, window);
    const nextMs = toNextEnd(page.listed) ?? endMs;
    if (!isLast && nextMs >= endMs) return yield* walkByNumbers(options, { endMs, seen: before?.ids });
    const unseen = page.listed.filter(({ sessionId }) => !before?.ids.has(sessionId));
    yield { conversations: toWindow(unseen, window), reachedMs: isLast ? window.fromMs : nextMs };
    if (isLast) return true;
    [before, endMs] = [page, nextMs];
  }
}

/** Where the next request begins: with the oldest entries of this page. */
function toNextEnd(listed: readonly ListedConversation[]): number | undefined {
  const { updatedMs } = listed.at(-OVERLAP) ?? listed[0] ?? {};
  return updatedMs === undefined ? undefined : toEndOfSecond(updatedMs);
}

/** False where Crisp cuts its list elsewhere than at the date of the update. */
function isAsAsked({ listed, ids }: ListedPage, before: ListedPage | undefined, endMs: number): boolean {
  const overlap = before?.listed.slice(-OVERLAP) ?? [];
  return (
    listed.every(({ updatedMs = 0 }) => updatedMs <= endMs) &&
    (overlap.length === 0 || overlap.some(({ sessionId }) => ids.has(sessionId)))
  );
}

interface NumberedWalk {
  readonly endMs?: number | undefined;
  /** What was listed before. */
  readonly seen: ReadonlySet<string> | undefined;
}

async function* walkByNumbers(
  options: WalkOptions,
  { endMs, seen: listed }: NumberedWalk,
): AsyncGenerator<WalkedPage, boolean> {
  const { window, mayAsk } = options;
  const seen = new Set(listed);
  for (let pass = 1; pass <= MOST_PASSES; pass += 1) {
    const seenBefore = seen.size;
    let before: ListedPage | undefined;
    let repeats = 0;
    for (let number = 1; ; number += 1) {
      if (!(await mayAsk())) return false;
      const page = await readPage(options, { page: number, endMs });
      // Once may be a shift by a whole page.
      repeats = isSame(page, before) ? repeats + 1 : 0;
      if (repeats > 1)
        throw new JobError('paging_stuck', { hint: `page ${number} of the list repeats the one before` });
      const unseen = toWindow(page.listed, window).filter(({ sessionId }) => !seen.has(sessionId));
      for (const { sessionId } of unseen) seen.add(sessionId);
      yield { conversations: unseen, reachedMs: window.toMs };
      if (isBeyond(page, window)) break;
      before = page;
    }
    if (before === undefined || (pass > 1 && seen.size === seenBefore)) return true;
  }
  return false;
}

/** True where nothing of the window can follow. */
function isBeyond({ listed, hasMore }: ListedPage, { fromMs }: ListWindow): boolean {
  const { updatedMs = Number.POSITIVE_INFINITY } = listed.at(-1) ?? {};
  return !hasMore || updatedMs < fromMs;
}

function isSame({ ids, listed }: ListedPage, before: ListedPage | undefined): boolean {
  return listed.length > 0 && ids.size === before?.ids.size && [...before.ids].every((id) => ids.has(id));
}

interface ListedPage {
  /** The newest update first; what does not say when it was updated comes before. */
  readonly listed: readonly ListedConversation[];
  readonly ids: ReadonlySet<string>;
  readonly hasMore: boolean;
}

async function readPage(
  { crisp, window: { websiteId }, signal }: WalkOptions,
  { page, endMs }: { readonly page: number; readonly endMs: number | undefined },
): Promise<ListedPage> {
  const { items, hasMore } = await crisp.listConversations(websiteId, { page, updatedByMs: endMs }, signal);
  const listed = expectList(items).flatMap((item) => readConversation(item, websiteId) ?? []);
  listed.sort((a, b) => (b.updatedMs ?? Number.MAX_SAFE_INTEGER) - (a.updatedMs ?? Number.MAX_SAFE_INTEGER));
  const ids = new Set(listed.map(({ sessionId }) => sessionId));
  return { listed, ids, hasMore: hasMore && listed.length > 0 };
}

/** Throws `session_mismatch` for a conversation of another website; undefined for what is none. */
function readConversation(item: unknown, websiteId: WebsiteId): ListedConversation | undefined {
  if (!isJsonObject(item)) return undefined;
  const sessionId = parseSessionId(item.session_id);
  if (sessionId === undefined) return undefined;
  expectIds(item, { website_id: websiteId });
  const { updated_at: updatedMs } = item;
  return { websiteId, sessionId, updatedMs: Number.isSafeInteger(updatedMs) ? Number(updatedMs) : undefined };
}

function toWindow(listed: readonly ListedConversation[], { fromMs, toMs }: ListWindow): ListedConversation[] {
  return listed.filter(({ updatedMs = fromMs }) => updatedMs >= fromMs && updatedMs <= toMs);
}

function toStartOfSecond(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}

function toEndOfSecond(ms: number): number {
  return toStartOfSecond(ms) + SECOND_MS;
}
