import type { CrispApi } from '../../ports/crisp-api.ts';

/** A view of Crisp's API that knows how many requests went through it. */
export interface CountedCrisp {
  readonly crisp: CrispApi;
  readonly total: () => number;
}

/**
 * Counts requests as they are sent, and tells `onRequest` of each; where the API cannot tell them apart from calls, a call
 * counts as one.
 */
export function countRequests(crisp: CrispApi, onRequest?: () => void): CountedCrisp {
  let requests = 0;
  const count = () => {
    requests += 1;
    onRequest?.();
  };
  return { crisp: crisp.observedBy?.(count) ?? countCalls(crisp, count), total: () => requests };
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
