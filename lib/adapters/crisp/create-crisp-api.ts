import { classifyResponse } from '../../core/crisp/classify-response.ts';
import { buildCrispUrl, type CrispQuery, type CrispSegment } from '../../core/crisp/crisp-url.ts';
import { expectIds } from '../../core/crisp/expect-ids.ts';
import { expectList } from '../../core/crisp/expect-list.ts';
import { expectObject } from '../../core/crisp/expect-object.ts';
import { isCrispObject } from '../../core/crisp/is-crisp-object.ts';
import { JobError } from '../../core/errors/job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { CrispApi, ListPage } from '../../ports/crisp-api.ts';
import { type CrispHttpDependencies, createCrispHttp } from './crisp-http.ts';

export interface CrispClient extends CrispApi {
  /** Ends the connections; requests under way fail. */
  close(): Promise<void>;
}

interface Answer {
  readonly data: unknown;
  readonly hasMore: boolean;
}

/**
 * Crisp's REST API over HTTP. What Crisp sent is passed on as it was parsed, never copied or merged: a key `__proto__`
 * stays a harmless key. A refusal (rate, quota) slows the throttle down before it is thrown.
 */
export function createCrispApi(dependencies: CrispHttpDependencies): CrispClient {
  const http = createCrispHttp(dependencies);
  return { ...createRoutes(), close: http.close };

  function createRoutes(onRequest?: () => void): CrispApi {
    const read = (segments: readonly CrispSegment[], signal?: AbortSignal, query?: CrispQuery) =>
      get(segments, { signal, query, onRequest });

    return {
      async getConversation(session, signal) {
        const { data } = await read(toPath(session), signal);
        const conversation = expectObject(data);
        if (conversation.session_id == null) throw new JobError('bad_response', { detail: 'shape' });
        expectIds(conversation, toIds(session));
        return conversation;
      },

      async listMessages(session, beforeMs, signal) {
        const query = beforeMs === undefined ? {} : { timestamp_before: beforeMs };
        const { data, hasMore } = await read([...toPath(session), 'messages'], signal, query);
        const messages = expectList(data);
        for (const message of messages) if (isCrispObject(message)) expectIds(message, toIds(session));
        return { messages, hasMore };
      },

      async getProfile(websiteId, peopleId, signal) {
        const answer = await orIfAbsent(
          read(['website', { websiteId }, 'people', 'profile', { peopleId }], signal),
          null,
        );
        if (answer === null) return null;
        const profile = expectObject(answer.data);
        expectIds(profile, { people_id: peopleId });
        return profile;
      },

      listVisitedPages: (session, page, signal) =>
        toListPage(read([...toPath(session), 'pages', { page }], signal)),

      listEvents: (session, page, signal) =>
        toListPage(read([...toPath(session), 'events', { page }], signal)),

      async getRelations(session, signal) {
        const answer = read([...toPath(session), 'relations'], signal);
        return expectObject((await orIfAbsent(answer, { data: {}, hasMore: false })).data);
      },

      async getWebsite(websiteId, signal) {
        const { data } = await read(['website', { websiteId }], signal);
        const website = expectObject(data);
        expectIds(website, { website_id: websiteId });
        return website;
      },

      observedBy: createRoutes,
    };
  }

  async function get(
    segments: readonly CrispSegment[],
    options: {
      signal?: AbortSignal | undefined;
      query?: CrispQuery | undefined;
      onRequest?: (() => void) | undefined;
    },
  ): Promise<Answer> {
    const { signal, query, onRequest } = options;
    const url = buildCrispUrl(dependencies.baseUrl, segments, query);
    const route = segments.filter((segment) => typeof segment === 'string').join('/');
    const response = await http.get({ url, route, signal, onRequest });
    const answer = classifyResponse(response, { nowMs: dependencies.clock.nowMs(), requestUrl: url });
    if (answer.outcome === 'data') return answer;
    if (answer.error.disposition === 'refused') dependencies.throttle.noteRefusal();
    throw answer.error;
  }
}

function toPath({ websiteId, sessionId }: SessionRef): CrispSegment[] {
  return ['website', { websiteId }, 'conversation', { sessionId }];
}

function toIds({ websiteId, sessionId }: SessionRef) {
  return { website_id: websiteId, session_id: sessionId };
}

async function toListPage(answer: Promise<Answer>): Promise<ListPage> {
  const { data, hasMore } = await orIfAbsent(answer, { data: [], hasMore: false });
  return { items: expectList(data), hasMore };
}

/**
 * A 404 beside a conversation that exists means that this part of it does not. Only the conversation's own route decides
 * whether it was removed: an absent list must never become a removal notice.
 */
async function orIfAbsent<Fallback>(answer: Promise<Answer>, absent: Fallback): Promise<Answer | Fallback> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof JobError && error.code === 'conversation_missing') return absent;
    throw error;
  }
}
