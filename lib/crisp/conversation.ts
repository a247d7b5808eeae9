import type { Clock } from '../clock.ts';
import type { Inclusion } from '../config/config.ts';
import { JobError } from '../errors.ts';
import type { FetchMode, SessionRef } from '../ids.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { isJsonObject, type JsonObject } from '../text.ts';
import { type CrispApi, countRequests } from './client.ts';
import { isPeopleId, type OddField, type Typed, toTypedObject, toTypedProfile } from './fields.ts';
import { type EarlierFetch, isStillValid } from './incremental.ts';
import { toFingerprint } from './merge.ts';
import type { PagingEnd } from './page-walk.ts';
import { type FetchedMessages, fetchMessages, fetchNumberedList, type PagingTrust } from './paging.ts';

/** What fetches share, with one token. */
interface FetchContext {
  readonly crisp: CrispApi;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** What is read beside conversation and messages. */
  readonly include: readonly Inclusion[];
  /** Of all answers together: what is larger is refused before it fills the memory. */
  readonly maxConversationBytes?: number;
  /** Of messages, and of each numbered list. */
  readonly maxPages: number;
  /** One for all fetches with the same token, kept as long as the process. */
  readonly pagingTrust: PagingTrust;
  /** How long a profile is used again by incremental fetches; 0: never. */
  readonly profileCacheSeconds: number;
}

interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of each request to Crisp as it is sent, also of those of a fetch that fails. */
  readonly onRequest?: (() => void) | undefined;
  /**
   * Present for an incremental fetch: what an earlier one brought; undefined where nothing of it can be used. Asked at most
   * once, and only where it may save a request.
   */
  readonly readEarlier?: (() => Promise<EarlierFetch | undefined>) | undefined;
}

interface Reading extends FetchContext, Pick<FetchOptions, 'readEarlier'> {
  readonly signal: AbortSignal;
}

export type FetchConversation = (session: SessionRef, options?: FetchOptions) => Promise<FetchedConversation>;

/** Everything read from Crisp about one conversation, before it becomes a record. */
export interface FetchedConversation extends SessionRef {
  /** When the first request was sent, epoch ms: the content is at least as new as this. */
  readonly startedMs: number;
  readonly conversation: JsonObject;
  /** All of them, oldest first, none twice. */
  readonly messages: readonly unknown[];
  /** Null for a visitor without a profile. */
  readonly profile: JsonObject | null;
  /** When the profile was read, epoch ms; undefined where none was, or where it could not be used. */
  readonly profileReadMs?: number | undefined;
  /** True where it is that of an earlier fetch. */
  readonly profileCached?: boolean;
  /** Present where `ENRICH_INCLUDE` asks for them. */
  readonly visitedPages?: readonly unknown[];
  readonly events?: readonly unknown[];
  readonly relations?: JsonObject;
  /** What of profile, pages, events and relations came as something else than it should be. */
  readonly oddFields?: readonly OddField[];
  /** `full`: all was read anew, whatever was asked for. */
  readonly mode: FetchMode;
  readonly messagePages: number;
  readonly terminatedBy: PagingEnd;
  readonly apiCalls: number;
}

/**
 * Reads everything about one conversation. The pages of messages are a chain, the longest there is: all else runs
 * beside it. Throws the `JobError` of the first read that fails; what is not known to be complete is never returned.
 */
export async function fetchConversation(
  context: FetchContext,
  session: SessionRef,
  { signal: outer, onRequest, ...options }: FetchOptions = {},
): Promise<FetchedConversation> {
  const { clock, telemetry, include, maxPages } = context;
  const startedMs = clock.nowMs();
  const readEarlier = options.readEarlier && once(() => readWithin(context, options.readEarlier));
  const { crisp, total } = countRequests(context.crisp, onRequest, context.maxConversationBytes);

  const [conversation, read, profile, visitedPages, events, relations] = await runTogether((signal) => {
    const conversation = crisp.getConversation(session, signal);
    const reading = { ...context, crisp, signal, readEarlier };
    const readList = (path: 'pages' | 'events', read: CrispApi['listEvents']) =>
      include.includes(path)
        ? fetchNumberedList((page) => read(session, page, signal), { path, maxPages })
        : undefined;
    return [
      conversation,
      withVerdictOf(conversation, fetchMessages(session, reading)),
      include.includes('profile') ? readProfile(reading, session, conversation) : null,
      readList('pages', crisp.listVisitedPages),
      readList('events', crisp.listEvents),
      include.includes('relations') ? readRelations(crisp, session, signal) : undefined,
    ];
  }, outer);

  const fetched: FetchedConversation = {
    websiteId: session.websiteId,
    sessionId: session.sessionId,
    startedMs,
    conversation,
    messages: read.messages,
    profile: profile?.value ?? null,
    profileReadMs: profile?.readMs,
    profileCached: profile?.isCached ?? false,
    ...(visitedPages && { visitedPages: visitedPages.value }),
    ...(events && { events: events.value }),
    ...(relations && { relations: relations.value }),
    oddFields: [profile, visitedPages, events, relations].flatMap((read) => read?.oddFields ?? []),
    mode: read.terminatedBy === 'archive_overlap' || profile?.isCached ? 'incremental' : 'full',
    messagePages: read.pages,
    terminatedBy: read.terminatedBy,
    apiCalls: total(),
  };
  tell(fetched, telemetry, clock.nowMs() - startedMs);
  return fetched;
}

/**
 * Only the conversation's own route decides whether it was removed. A 404 of its messages alone must not lead to a
 * removal notice, and must not hide the conversation's 404 either, whichever comes first.
 */
async function withVerdictOf(
  conversation: Promise<JsonObject>,
  reading: Promise<FetchedMessages>,
): Promise<FetchedMessages> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof JobError) || error.disposition !== 'missing') throw error;
    await conversation;
    throw new JobError('bad_response', { detail: 'messages_missing', cause: error });
  }
}

interface ReadProfile extends Typed<JsonObject | null> {
  /** When, epoch ms; undefined where it could not be used. */
  readonly readMs?: number;
  readonly isCached?: boolean;
}

async function readProfile(
  { crisp, clock, signal, readEarlier, profileCacheSeconds }: Reading,
  { websiteId }: SessionRef,
  reading: Promise<JsonObject>,
): Promise<ReadProfile | null> {
  const conversation = await reading;
  const { people_id: peopleId } = conversation;
  // An anonymous visitor has none. What is no id names nobody: it is set aside with the conversation's other fields.
  if (!isPeopleId(peopleId)) return null;
  const readMs = clock.nowMs();
  const earlier = profileCacheSeconds > 0 ? (await readEarlier?.())?.profile : undefined;
  if (earlier && isStillValid(earlier, conversation, readMs - profileCacheSeconds * 1000))
    return { value: earlier.body, oddFields: [], readMs: earlier.readMs, isCached: true };
  const profile = toTypedProfile(await crisp.getProfile(websiteId, peopleId, signal), peopleId);
  return profile.oddFields.length > 0 ? profile : { ...profile, readMs };
}

async function readRelations(crisp: CrispApi, session: SessionRef, signal: AbortSignal) {
  return toTypedObject('relations', await crisp.getRelations(session, signal));
}

function tell(fetched: FetchedConversation, telemetry: Telemetry, durationMs: number): void {
  const { websiteId, sessionId, messages, mode, messagePages: pages, terminatedBy, apiCalls } = fetched;
  if (terminatedBy === 'empty_page')
    telemetry.emit({ name: 'paging-untrusted', websiteId, sessionId, pages });
  telemetry.emit({
    name: 'conversation-fetched',
    websiteId,
    sessionId,
    messages: messages.length,
    mode,
    pages,
    apiCalls,
    durationMs,
    terminatedBy,
    coversLatestMessage: coversLatestMessage(fetched.conversation, messages),
  });
}

/**
 * Whether the newest message that the conversation names in `preview_message` is among `messages`; null where it names
 * none. False means that one of the two came from Crisp's cache and is older than the other.
 */
export function coversLatestMessage(conversation: JsonObject, messages: readonly unknown[]): boolean | null {
  const preview = conversation.preview_message;
  const latest = toFingerprint(isJsonObject(preview) ? preview : undefined);
  if (latest === undefined) return null;
  return messages.some((message) => toFingerprint(message) === latest);
}

/** One that has grown too large is not built on, but read in full, and refused. */
async function readWithin(
  { maxConversationBytes = Number.POSITIVE_INFINITY }: FetchContext,
  readEarlier: FetchOptions['readEarlier'],
): Promise<EarlierFetch | undefined> {
  const earlier = await readEarlier?.();
  return earlier && earlier.bytes <= maxConversationBytes ? earlier : undefined;
}

function once<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let reading: Promise<Value> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}

/**
 * Runs what `start` returns side by side. The first failure aborts the others through the signal that `start` was given,
 * waits until they have ended, and is thrown: nothing goes on unseen, and no rejection is left unhandled.
 */
export async function runTogether<const Work extends readonly unknown[]>(
  start: (signal: AbortSignal) => Work,
  outer?: AbortSignal,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  const stop = new AbortController();
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
  const work = start(signal);
  try {
    return await Promise.all(work);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(work);
    throw error;
  }
}
