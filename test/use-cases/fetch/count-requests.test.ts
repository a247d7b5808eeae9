import { expect, test } from 'vitest';
import type { CrispApi } from '../../../lib/ports/crisp-api.ts';
import { countRequests } from '../../../lib/use-cases/fetch/count-requests.ts';
import { aCrispApi } from '../../support/a-crisp-api.ts';
import { aSession } from '../../support/builders.ts';

const api = aCrispApi();

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

test('whoever asked is told of each request as it is sent, also of those that fail', async () => {
  let told = 0;
  const failing = aCrispApi({ getConversation: () => Promise.reject(new Error('away')) });
  const { crisp } = countRequests(failing, () => {
    told += 1;
  });

  await crisp.getConversation(aSession()).catch(() => undefined);
  await crisp.getWebsite(aSession().websiteId);

  expect(told).toBe(2);
});
