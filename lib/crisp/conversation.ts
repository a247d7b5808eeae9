import type { Clock } from '../clock.ts';
import type { Inclusion } from '../config/config.ts';
import { JobError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { isJsonObject, type JsonObject } from '../text.ts';
import { type CrispApi, countRequests } from './client.ts';
import { isPeopleId, type Typed, toTypedObject, toTypedProfile } from './fields.ts';
import { toFingerprint } from './merge.ts';
import {
  type FetchedConversation,
  type FetchedMessages,
  fetchMessages,
  fetchNumberedList,
  type PagingTrust,
} from './paging.ts';

interface FetchConversationDependencies {
  readonly crisp: CrispApi;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** What is read beside conversation and messages. */
  readonly include: readonly Inclusion[];
  /** Of messages, and of each numbered list. */
  readonly maxPages: number;
  /** One for all fetches with the same token, kept as long as the process. */
  readonly pagingTrust: PagingTrust;
}

interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of each request to Crisp as it is sent, also of those of a fetch that fails. */
  readonly onRequest?: (() => void) | undefined;
}

export type FetchConversation = (session: SessionRef, options?: FetchOptions) => Promise<FetchedConversation>;

/**
 * Reads everything about one conversation. The pages of messages are a chain, the longest there is: all else runs
 * beside it. Throws the `JobError` of the first read that fails; what is not known to be complete is never returned.
 */
export function createFetchConversation(dependencies: FetchConversationDependencies): FetchConversation {
  const { clock, telemetry, include, maxPages, pagingTrust } = dependencies;

  return async (session, { signal: outer, onRequest } = {}) => {
    const startedMs = clock.nowMs();
    const { crisp, total } = countRequests(dependencies.crisp, onRequest);

    const [conversation, read, profile, visitedPages, events, relations] = await runTogether((signal) => {
      const conversation = crisp.getConversation(session, signal);
      return [
        conversation,
        withVerdictOf(conversation, fetchMessages(session, { crisp, maxPages, pagingTrust, signal })),
        include.includes('profile') ? readProfile(crisp, session, { conversation, signal }) : null,
        include.includes('pages')
          ? fetchNumberedList((page) => crisp.listVisitedPages(session, page, signal), {
              path: 'pages',
              maxPages,
            })
          : undefined,
        include.includes('events')
          ? fetchNumberedList((page) => crisp.listEvents(session, page, signal), { path: 'events', maxPages })
          : undefined,
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
      ...(visitedPages && { visitedPages: visitedPages.value }),
      ...(events && { events: events.value }),
      ...(relations && { relations: relations.value }),
      oddFields: [profile, visitedPages, events, relations].flatMap((read) => read?.oddFields ?? []),
      messagePages: read.pages,
      terminatedBy: read.terminatedBy,
      apiCalls: total(),
    };
    tell(fetched, telemetry, clock.nowMs() - startedMs);
    return fetched;
  };
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

async function readProfile(
  crisp: CrispApi,
  { websiteId }: SessionRef,
  { conversation, signal }: { conversation: Promise<JsonObject>; signal: AbortSignal },
): Promise<Typed<JsonObject | null> | null> {
  const { people_id: peopleId } = await conversation;
  // An anonymous visitor has none. What is no id names nobody: it is set aside with the conversation's other fields.
  if (!isPeopleId(peopleId)) return null;
  return toTypedProfile(await crisp.getProfile(websiteId, peopleId, signal), peopleId);
}

async function readRelations(crisp: CrispApi, session: SessionRef, signal: AbortSignal) {
  return toTypedObject('relations', await crisp.getRelations(session, signal));
}

function tell(fetched: FetchedConversation, telemetry: Telemetry, durationMs: number): void {
  const { websiteId, sessionId, messages, messagePages: pages, terminatedBy, apiCalls } = fetched;
  if (terminatedBy === 'empty_page')
    telemetry.emit({ name: 'paging-untrusted', websiteId, sessionId, pages });
  telemetry.emit({
    name: 'conversation-fetched',
    websiteId,
    sessionId,
    messages: messages.length,
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
