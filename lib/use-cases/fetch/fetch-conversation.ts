import type { Inclusion } from '../../core/config/config.ts';
import { coversLatestMessage } from '../../core/crisp/covers-latest-message.ts';
import type { CrispObject } from '../../core/crisp/crisp-object.ts';
import type { FetchedConversation } from '../../core/crisp/fetched-conversation.ts';
import { isPeopleId } from '../../core/crisp/is-people-id.ts';
import type { PagingTrust } from '../../core/crisp/paging-trust.ts';
import { type Typed, toTypedObject, toTypedProfile } from '../../core/crisp/typed.ts';
import { JobError } from '../../core/errors/job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CrispApi } from '../../ports/crisp-api.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { countRequests } from './count-requests.ts';
import { type FetchedMessages, fetchMessages } from './fetch-messages.ts';
import { fetchNumberedList } from './fetch-numbered-list.ts';
import { runTogether } from './run-together.ts';

export interface FetchConversationDependencies {
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

export interface FetchOptions {
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
  conversation: Promise<CrispObject>,
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
  { conversation, signal }: { conversation: Promise<CrispObject>; signal: AbortSignal },
): Promise<Typed<CrispObject | null> | null> {
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
