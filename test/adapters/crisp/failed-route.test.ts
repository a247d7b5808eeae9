import { expect, test } from 'vitest';
import { refusal } from '../../bad-inputs/crisp-answers.ts';
import { aSession } from '../../support/builders.ts';
import { failureOf, setUpCrisp } from '../../support/crisp-over-http.ts';

const session = aSession();

test('a failure names its route, without any id', async () => {
  const { crisp } = await setUpCrisp([{ status: 500, body: '' }]);
  const { crisp: odd } = await setUpCrisp([{ data: [] }]);

  expect(await failureOf(crisp.listMessages(session, 17))).toMatchObject({
    route: 'website/conversation/messages',
  });
  expect(
    await failureOf(crisp.getProfile(session.websiteId, '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10')),
  ).toMatchObject({
    route: 'website/people/profile',
  });
  expect(await failureOf(odd.getWebsite(session.websiteId))).toMatchObject({
    reason: 'bad_response:shape',
    route: 'website',
  });
});

test.each([404, 410])(
  'a %d for the website is a failure of Crisp, not an absent conversation',
  async (status) => {
    const { crisp } = await setUpCrisp([refusal(status, 'website_not_found')]);

    expect(await failureOf(crisp.getWebsite(session.websiteId))).toMatchObject({
      reason: 'crisp_unavailable:website_missing',
      route: 'website',
      status,
    });
  },
);
