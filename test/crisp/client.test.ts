import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CrispApi, countRequests } from '../../lib/crisp/client.ts';
import { refusal } from '../bad-inputs/crisp-answers.ts';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { aCrispApi, createScriptedCrisp, failureOf, setUpCrisp, TOKEN } from '../support/crisp.ts';

describe('create crisp api', () => {
  const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
  const session = aSession();
  const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };
  const readConversation = (crisp: CrispApi) => crisp.getConversation(session);
  const readMessages = (crisp: CrispApi) => crisp.listMessages(session);

  describe('what is passed on', () => {
    test('gzip is inflated', async () => {
      const body = gzipSync(JSON.stringify({ error: false, data: { ...conversation, topic: 'parcel' } }));
      const { crisp } = await setUpCrisp([{ body, headers: { 'content-encoding': 'gzip' } }]);
      expect((await readConversation(crisp)).topic).toBe('parcel');
    });

    test('R7 R8 R24 messages of any form pass through unchanged', async () => {
      const messages = [
        null,
        7,
        'text',
        { type: 'unknown', content: null },
        { content: '\u001b]0;<script>\u202e' },
      ];
      const { crisp } = await setUpCrisp([{ data: messages }]);

      expect(await readMessages(crisp)).toEqual({ messages, hasMore: false });
    });

    test('R9 206 says that there is more', async () => {
      const { crisp } = await setUpCrisp([{ status: 206, data: [{}] }]);
      expect((await readMessages(crisp)).hasMore).toBe(true);
    });

    test('R25 a key __proto__ stays a key', async () => {
      const body = `{"error":false,"data":{"session_id":"session_a","meta":{"data":{"__proto__":{"polluted":1}}}}}`;
      const { crisp } = await setUpCrisp([{ body }]);
      expect(JSON.stringify(await readConversation(crisp))).toContain('"__proto__":{"polluted":1}');
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    });

    test('bytes that are not UTF-8 do not lose the answer', async () => {
      const [head, tail] = ['{"error":false,"data":{"session_id":"session_a","topic":"', '"}}'];
      const body = Buffer.concat([Buffer.from(head ?? ''), Buffer.from([0xff]), Buffer.from(tail ?? '')]);
      expect((await readConversation((await setUpCrisp([{ body }])).crisp)).topic).toBe('\ufffd');
    });

    test('a website that answers with its id in another case is the same website', async () => {
      const { crisp } = await setUpCrisp([
        { data: { ...conversation, website_id: WEBSITE_ID.toUpperCase() } },
      ]);

      expect((await readConversation(crisp)).session_id).toBe('session_a');
    });

    test('what a conversation does not have is null or empty, not a conversation that is gone', async () => {
      const { crisp } = await setUpCrisp([{ status: 404, body: '{"error":true,"reason":"not_found"}' }]);

      const [profile, pages, events, relations] = await Promise.all([
        crisp.getProfile(session.websiteId, PEOPLE_ID),
        crisp.listVisitedPages(session, 1),
        crisp.listEvents(session, 1),
        crisp.getRelations(session),
      ]);

      expect({ profile, pages, events, relations }).toEqual({
        profile: null,
        pages: { items: [], hasMore: false },
        events: { items: [], hasMore: false },
        relations: {},
      });
    });

    test('a wrong token does not look like a visitor without a profile', async () => {
      const { crisp } = await setUpCrisp([{ status: 404, body: '{"error":true,"reason":"not_subscribed"}' }]);
      const failure = await failureOf(crisp.getProfile(session.websiteId, PEOPLE_ID));
      expect(failure.code).toBe('crisp_not_subscribed');
    });
  });

  describe('what is sent', () => {
    test('each read asks for its own route', async () => {
      const { crisp, server } = await setUpCrisp((request) => ({
        data: /messages|pages|events/.test(request.url)
          ? []
          : request.url.includes('/people/')
            ? {}
            : conversation,
      }));

      await crisp.getConversation(session);
      await crisp.listMessages(session);
      await crisp.listMessages(session, 1_790_856_000_001);
      await crisp.getProfile(session.websiteId, PEOPLE_ID);
      await crisp.listVisitedPages(session, 2);
      await crisp.listEvents(session, 3);
      await crisp.getRelations(session);
      await crisp.getWebsite(session.websiteId);

      const website = `/v1/website/${WEBSITE_ID}`;
      expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
        `GET ${website}/conversation/session_a`,
        `GET ${website}/conversation/session_a/messages`,
        `GET ${website}/conversation/session_a/messages?timestamp_before=1790856000001`,
        `GET ${website}/people/profile/${PEOPLE_ID}`,
        `GET ${website}/conversation/session_a/pages/2`,
        `GET ${website}/conversation/session_a/events/3`,
        `GET ${website}/conversation/session_a/relations`,
        `GET ${website}`,
      ]);
    });

    test('a request carries token, tier and our name, and asks for gzip at most', async () => {
      const { crisp, server } = await setUpCrisp([{ data: conversation }]);

      await readConversation(crisp);

      const basic = Buffer.from(`an-identifier:${TOKEN.key}`).toString('base64');
      expect(server.requests[0]?.headers).toMatchObject({
        authorization: `Basic ${basic}`,
        'x-crisp-tier': 'plugin',
        'user-agent': expect.stringMatching(/^crisp-enrich\/\d+\.\d+\.\d+$/),
        'accept-encoding': 'gzip',
      });
    });

    test('without a token nothing is sent', async () => {
      const { crisp, server } = await setUpCrisp([{ data: conversation }], { hasToken: false });
      expect((await failureOf(readConversation(crisp))).message).toBe('crisp_auth_failed (no token yet)');
      expect(server.requests).toHaveLength(0);
    });

    test('a session that is none costs no request', async () => {
      const { crisp, server } = await setUpCrisp([{ data: conversation }]);
      // Someone else can write to the queue: the brand is a promise of the compiler alone.
      const forged = { ...session, sessionId: '../../plugin/connect' as typeof session.sessionId };

      expect((await failureOf(crisp.getConversation(forged))).code).toBe('session_id_invalid');
      expect(server.requests).toHaveLength(0);
    });

    test('a redirect is not followed: the token goes nowhere else', async () => {
      const other = await createScriptedCrisp([{ data: conversation }]);
      onTestFinished(() => other.close());
      const { crisp, server } = await setUpCrisp([
        { status: 307, headers: { location: `${other.url}/stolen` } },
      ]);

      await failureOf(readConversation(crisp));

      expect(other.requests).toHaveLength(0);
      expect(server.requests).toHaveLength(1);
    });
  });
});

describe('count requests', () => {
  const api = aCrispApi();

  test('a call counts as one request where the API cannot tell', async () => {
    const { crisp, total } = countRequests(api);
    await crisp.getConversation(aSession());
    await crisp.listEvents(aSession(), 1);
    expect(total()).toBe(2);
  });

  test('an API that tells of its requests is believed: a repeated one counts twice', async () => {
    const observedBy: CrispApi['observedBy'] = ({ onRequest }) => ({
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
});

describe('failed route', () => {
  const session = aSession();

  test('a failure names its route, without any id', async () => {
    const { crisp } = await setUpCrisp([{ status: 500, body: '' }]);
    const { crisp: odd } = await setUpCrisp([{ data: [] }]);

    const failures = [
      await failureOf(crisp.listMessages(session, 17)),
      await failureOf(crisp.getProfile(session.websiteId, '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10')),
      await failureOf(odd.getWebsite(session.websiteId)),
    ];
    const routes = ['website/conversation/messages', 'website/people/profile', 'website'];
    expect(failures.map(({ route }) => route)).toEqual(routes);
    expect(failures[2]?.reason).toBe('bad_response:shape');
  });

  test.each([404, 410])(
    'a %d for the website is a failure of Crisp, not an absent conversation',
    async (status) => {
      const { crisp } = await setUpCrisp([refusal(status, 'website_not_found')]);
      const expected = { reason: 'crisp_unavailable:website_missing', route: 'website', status };
      expect(await failureOf(crisp.getWebsite(session.websiteId))).toMatchObject(expected);
    },
  );
});

test('answers of more than the cap together are refused before they are parsed, with a readable reason', async () => {
  const { crisp, server } = await setUpCrisp(() => ({ data: ['x'.repeat(600)] }));
  const counted = countRequests(crisp, undefined, 1500);

  await counted.crisp.listMessages(aSession());
  await counted.crisp.listMessages(aSession());
  const failure = await failureOf(counted.crisp.listMessages(aSession()));

  expect(failure).toMatchObject({ code: 'conversation_too_large', hint: 'more than 1500 bytes' });
  expect(failure).toMatchObject({ disposition: 'permanent', route: 'website/conversation/messages' });
  expect(server.requests).toHaveLength(3);
});
