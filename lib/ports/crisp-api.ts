import type { CrispObject } from '../core/crisp/crisp-object.ts';
import type { SessionRef, WebsiteId } from '../core/ids.ts';

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
  getConversation(session: SessionRef, signal?: AbortSignal): Promise<CrispObject>;
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
  getWebsite(websiteId: WebsiteId, signal?: AbortSignal): Promise<CrispObject>;
  /**
   * The same API, telling `onRequest` of each request as it is sent, so that one fetch can count its own. Absent where a
   * call is always one request.
   */
  observedBy?(onRequest: () => void): CrispApi;
}
