import type { CrispApi } from '../../lib/ports/crisp-api.ts';

const nothing = async () => ({ items: [], hasMore: false });

/** Crisp's API with empty answers, less what the test replaces. */
export function aCrispApi(answers: Partial<CrispApi> = {}): CrispApi {
  return {
    getConversation: async () => ({}),
    listMessages: async () => ({ messages: [], hasMore: false }),
    getProfile: async () => null,
    listVisitedPages: nothing,
    listEvents: nothing,
    getRelations: async () => ({}),
    getWebsite: async () => ({}),
    ...answers,
  };
}
