import { expect, test } from 'vitest';
import type { CrispApi } from '../../lib/ports/crisp-api.ts';
import { countRequests } from '../../lib/use-cases/count-requests.ts';
import { aSession } from '../support/builders.ts';

const nothing = async () => ({ items: [], hasMore: false });
const api: CrispApi = {
  getConversation: async () => ({}),
  listMessages: async () => ({ messages: [], hasMore: false }),
  getProfile: async () => null,
  listVisitedPages: nothing,
  listEvents: nothing,
  getRelations: async () => ({}),
  getWebsite: async () => ({}),
};

test('a call counts as one request where the API cannot tell', async () => {
  const { crisp, total } = countRequests(api);

  await crisp.getConversation(aSession());
  await crisp.listEvents(aSession(), 1);

  expect(total()).toBe(2);
});

test('an API that tells of its requests is believed: a repeated one counts twice', async () => {
  const observedBy = (onRequest: () => void): CrispApi => ({
    ...api,
    async getConversation() {
      onRequest();
      onRequest();
      return {};
    },
  });
  const { crisp, total } = countRequests({ ...api, observedBy });

  await crisp.getConversation(aSession());

  expect(total()).toBe(2);
});
