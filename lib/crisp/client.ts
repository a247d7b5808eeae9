import { JobError } from '../errors.ts';
import type { SessionRef, WebsiteId } from '../ids.ts';
import { isJsonObject, type JsonObject } from '../text.ts';
import { classifyResponse } from './answers.ts';
import { expectIds, expectList, expectObject, refuseOtherIds } from './fields.ts';
import { type CrispHttpDependencies, createCrispHttp } from './http.ts';
import { buildCrispUrl, type CrispQuery, type CrispSegment } from './url.ts';

/** One page of messages, oldest first as received. */
export interface MessagesPage {
  readonly messages: readonly unknown[];
  /** True for HTTP 206: Crisp says that older messages exist. */
  readonly hasMore: boolean;
}

/** One page of a numbered list (pages, events). `items` is whatever Crisp sent for the list. */
export interface ListPage {
  readonly items: unknown;
  readonly hasMore: boolean;
}

/** The reads of Crisp's REST API that a record needs. Every method throws `JobError` alone. */
export interface CrispApi {
  /** Throws `conversation_missing` for a 404 that is no configuration error, `session_mismatch` for another's answer. */
  getConversation(session: SessionRef, signal?: AbortSignal): Promise<JsonObject>;
  /** The newest page, or the one that ends just before `beforeMs`. */
  listMessages(session: SessionRef, beforeMs?: number, signal?: AbortSignal): Promise<MessagesPage>;
  /** As Crisp sent it, also where it is no profile or another's; null where Crisp has none. */
  getProfile(websiteId: WebsiteId, peopleId: string, signal?: AbortSignal): Promise<unknown>;
  /** `page` is 1-based. */
  listVisitedPages(session: SessionRef, page: number, signal?: AbortSignal): Promise<ListPage>;
  /** `page` is 1-based. */
  listEvents(session: SessionRef, page: number, signal?: AbortSignal): Promise<ListPage>;
  /** As Crisp sent them. */
  getRelations(session: SessionRef, signal?: AbortSignal): Promise<unknown>;
  /**
   * The control call: cheap, and it fails when the credentials or Crisp do. An absent website is a failure like any other
   * of Crisp's, `crisp_unavailable`: never `conversation_missing`.
   */
  getWebsite(websiteId: WebsiteId, signal?: AbortSignal): Promise<JsonObject>;
  /**
   * The same API, telling of each request and answer, so that one fetch can count its own. Absent where a
   * call is always one request.
   */
  observedBy?(observer: RequestObserver): CrispApi;
}

interface RequestObserver {
  /** Called as each request is sent. */
  readonly onRequest: () => void;
  /** Called before an answer is read; what it throws ends the call. */
  readonly onAnswer?: (bytes: number) => void;
}

/** Which conversations are listed. */
export interface ListedPart {
  /** 1-based. */
  readonly page: number;
  /** Those alone that were updated by then, epoch ms; undefined: all. */
  readonly updatedByMs?: number | undefined;
}

export interface CrispClient extends CrispApi {
  /** The newest update first. An absent website is `crisp_unavailable`, as for `getWebsite`. */
  listConversations(websiteId: WebsiteId, part: ListedPart, signal?: AbortSignal): Promise<ListPage>;
  /** The websites that a plugin's token may read. `page` is 1-based. */
  listWebsites(page: number, signal?: AbortSignal): Promise<ListPage>;
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
  readonly observer?: RequestObserver | undefined;
}

/**
 * Crisp's REST API over HTTP. What Crisp sent is passed on as it was parsed, never copied or merged: a key `__proto__`
 * stays a harmless key. A refusal (rate, quota) slows the throttle down before it is thrown.
 */
export function createCrispApi(dependencies: CrispHttpDependencies): CrispClient {
  const http = createCrispHttp(dependencies);
  return {
    ...createRoutes(),
    listConversations: (websiteId, { page, updatedByMs }, signal) =>
      orUnavailable(
        get(['website', { websiteId }, 'conversations', { page }], toListPage, {
          signal,
          query: {
            per_page: LARGEST_PAGE,
            order_date_updated: 1,
            ...(updatedByMs !== undefined && { filter_date_end: new Date(updatedByMs).toISOString() }),
          },
        }),
      ),
    listWebsites: (page, signal) =>
      get(['plugin', 'connect', 'websites', 'all', { page }], toListPage, { signal }),
    close: http.close,
  };

  function createRoutes(observer?: RequestObserver): CrispApi {
    const read = <Value>(
      segments: readonly CrispSegment[],
      toValue: (answer: Answer) => Value,
      options: { signal?: AbortSignal | undefined; query?: CrispQuery } = {},
    ) => get(segments, toValue, { ...options, observer });

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
              if (isJsonObject(message)) refuseOtherIds(message, toIds(session));
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
    { signal, query, observer }: RequestOptions,
  ): Promise<Answer> {
    const url = buildCrispUrl(dependencies.baseUrl, segments, query);
    const response = await http.get({ url, route, signal, onRequest: observer?.onRequest });
    observer?.onAnswer?.(Buffer.byteLength(response.body));
    const answer = classifyResponse(response, { nowMs: dependencies.clock.nowMs(), requestUrl: url });
    if (answer.outcome === 'data') return answer;
    if (answer.error.disposition === 'refused') dependencies.throttle.noteRefusal();
    throw answer.error;
  }
}

// Crisp's reference: 20 to 50.
const LARGEST_PAGE = 50;

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

/** A view of Crisp's API that knows how many requests went through it. */
interface CountedCrisp {
  readonly crisp: CrispApi;
  readonly total: () => number;
}

/**
 * Counts requests as they are sent, and tells `onRequest` of each; where the API cannot tell them apart from calls, a call
 * counts as one. Answers of more than `maxBytes` together fail with `conversation_too_large`, before they are parsed.
 */
export function countRequests(
  crisp: CrispApi,
  onRequest?: () => void,
  maxBytes = Number.POSITIVE_INFINITY,
): CountedCrisp {
  let [requests, bytes] = [0, 0];
  const observer = {
    onRequest() {
      requests += 1;
      onRequest?.();
    },
    onAnswer(more: number) {
      bytes += more;
      if (bytes > maxBytes)
        throw new JobError('conversation_too_large', { hint: `more than ${maxBytes} bytes` });
    },
  };
  const counted = crisp.observedBy?.(observer) ?? countCalls(crisp, observer.onRequest);
  return { crisp: counted, total: () => requests };
}

function countCalls(crisp: CrispApi, count: () => void): CrispApi {
  const counted =
    <Args extends unknown[], Answer>(call: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      count();
      return call(...args);
    };

  return {
    getConversation: counted((...args) => crisp.getConversation(...args)),
    listMessages: counted((...args) => crisp.listMessages(...args)),
    getProfile: counted((...args) => crisp.getProfile(...args)),
    listVisitedPages: counted((...args) => crisp.listVisitedPages(...args)),
    listEvents: counted((...args) => crisp.listEvents(...args)),
    getRelations: counted((...args) => crisp.getRelations(...args)),
    getWebsite: counted((...args) => crisp.getWebsite(...args)),
  };
}
