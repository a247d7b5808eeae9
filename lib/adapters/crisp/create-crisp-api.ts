import { classifyResponse } from '../../core/crisp/classify-response.ts';
import { buildCrispUrl, type CrispQuery, type CrispSegment } from '../../core/crisp/crisp-url.ts';
import { expectIds, refuseOtherIds } from '../../core/crisp/expect-ids.ts';
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

interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly query?: CrispQuery | undefined;
  readonly onRequest?: (() => void) | undefined;
}

/**
 * Crisp's REST API over HTTP. What Crisp sent is passed on as it was parsed, never copied or merged: a key `__proto__`
 * stays a harmless key. A refusal (rate, quota) slows the throttle down before it is thrown.
 */
export function createCrispApi(dependencies: CrispHttpDependencies): CrispClient {
  const http = createCrispHttp(dependencies);
  return { ...createRoutes(), close: http.close };

  function createRoutes(onRequest?: () => void): CrispApi {
    const read = <Value>(
      segments: readonly CrispSegment[],
      toValue: (answer: Answer) => Value,
      options: { signal?: AbortSignal | undefined; query?: CrispQuery } = {},
    ) => get(segments, toValue, { ...options, onRequest });

    return {
      getConversation: (session, signal) =>
        read(
          toPath(session),
          ({ data }) => {
            const conversation = expectObject(data);
            if (conversation.session_id == null) throw new JobError('bad_response', { detail: 'shape' });
            expectIds(conversation, toIds(session));
            return conversation;
          },
          { signal },
        ),

      listMessages: (session, beforeMs, signal) =>
        read(
          [...toPath(session), 'messages'],
          ({ data, hasMore }) => {
            const messages = expectList(data);
            for (const message of messages)
              if (isCrispObject(message)) refuseOtherIds(message, toIds(session));
            return { messages, hasMore };
          },
          { signal, query: beforeMs === undefined ? {} : { timestamp_before: beforeMs } },
        ),

      getProfile: (websiteId, peopleId, signal) =>
        orIfAbsent(
          read(['website', { websiteId }, 'people', 'profile', { peopleId }], ({ data }) => data, { signal }),
          null,
        ),

      listVisitedPages: (session, page, signal) =>
        orIfAbsent(read([...toPath(session), 'pages', { page }], toListPage, { signal }), EMPTY_PAGE),

      listEvents: (session, page, signal) =>
        orIfAbsent(read([...toPath(session), 'events', { page }], toListPage, { signal }), EMPTY_PAGE),

      getRelations: (session, signal) =>
        orIfAbsent(
          read([...toPath(session), 'relations'], ({ data }) => data, { signal }),
          {},
        ),

      getWebsite: (websiteId, signal) =>
        orUnavailable(
          read(
            ['website', { websiteId }],
            ({ data }) => {
              const website = expectObject(data);
              expectIds(website, { website_id: websiteId });
              return website;
            },
            { signal },
          ),
        ),

      observedBy: createRoutes,
    };
  }

  /** Whatever fails names the route on which it did. */
  async function get<Value>(
    segments: readonly CrispSegment[],
    toValue: (answer: Answer) => Value,
    options: RequestOptions,
  ): Promise<Value> {
    const route = segments.filter((segment) => typeof segment === 'string').join('/');
    try {
      return toValue(await ask(segments, route, options));
    } catch (error) {
      throw error instanceof JobError && error.route === undefined ? error.at(route) : error;
    }
  }

  async function ask(
    segments: readonly CrispSegment[],
    route: string,
    { signal, query, onRequest }: RequestOptions,
  ): Promise<Answer> {
    const url = buildCrispUrl(dependencies.baseUrl, segments, query);
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

const EMPTY_PAGE: ListPage = { items: [], hasMore: false };

function toListPage({ data, hasMore }: Answer): ListPage {
  return { items: data, hasMore };
}

/**
 * A 404 beside a conversation that exists means that this part of it does not. Only the conversation's own route decides
 * whether it was removed: an absent list must never become a removal notice.
 */
async function orIfAbsent<Value, Absent>(answer: Promise<Value>, absent: Absent): Promise<Value | Absent> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsence(error)) return absent;
    throw error;
  }
}

/** A 404 for the website itself: no answer of Crisp about a conversation of it can be believed. */
async function orUnavailable<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    if (!isAbsence(error)) throw error;
    const { status = 404, route = 'website' } = error;
    throw new JobError('crisp_unavailable', { detail: 'website_missing', status, route });
  }
}

function isAbsence(error: unknown): error is JobError {
  return error instanceof JobError && error.code === 'conversation_missing';
}
