import { describe, expect, test } from 'vitest';
import type { MoveTask } from '../../lib/dead-letters/move-tasks.ts';
import { JobError } from '../../lib/errors.ts';
import { createDynamoIdempotencyNotes } from '../../lib/ledger/idempotency.ts';
import { buildRecord, buildRemovedRecord } from '../../lib/record/build.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { createApiScene, KEYS } from '../support/api-scene.ts';
import { createFakeLedger } from '../support/aws.ts';
import {
  aCrispMessage,
  aFetchedConversation,
  aRun,
  aSession,
  OTHER_WEBSITE_ID,
  WEBSITE_ID,
} from '../support/builders.ts';
import { aLetter, letters } from '../support/dead-letter-scene.ts';
import { untilSettled } from '../support/virtual-clock.ts';

const TWO = [aSession().websiteId, aSession('session_a', OTHER_WEBSITE_ID).websiteId];

function aRecord(session = aSession(), padding = 0): EnrichedRecord {
  const messages = [aCrispMessage(1, { content: 'x'.repeat(padding) })];
  const fetched = aFetchedConversation({ ...session, messages });
  return buildRecord(fetched, { version: fetched.startedMs, mode: 'full', absorbed: 0 });
}

const LARGE = 6 * 1024 * 1024;

describe('a key', () => {
  test.each([
    [undefined, 401, 'key_missing'],
    ['', 401, 'key_malformed'],
    [KEYS.read, 401, 'key_malformed'],
    ['Basic YTpi', 401, 'key_malformed'],
    [`Bearer ${KEYS.read} and more`, 401, 'key_malformed'],
    [`Bearer ${'x'.repeat(600)}`, 401, 'key_malformed'],
    [`Bearer ${KEYS.read}x`, 401, 'key_mismatch'],
    ['Bearer reader-key', 401, 'key_mismatch'],
    [`Bearer ${KEYS.enqueue}`, 403, 'scope_missing'],
    [`Bearer ${KEYS.operate}`, 403, 'scope_missing'],
  ])('%j may not read: %i %s', async (authorization, status, code) => {
    const { call, fetches } = createApiScene();

    const reply = await call({ path: '/v1/conversations/session_a', headers: { authorization } });

    expect([reply.status, reply.json.code]).toEqual([status, code]);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
    expect(fetches).toEqual([]);
  });

  test.each([
    ['/v1/conversations', KEYS.read],
    ['/v1/dlq/redrive', KEYS.enqueue],
  ])('of another scope may not post to %s, and nothing is done', async (path, key) => {
    const { post, batches } = createApiScene();
    const reply = await post(path, { sessionId: 'session_a' }, { authorization: `Bearer ${key}` });
    expect([reply.status, reply.json.code]).toEqual([403, 'scope_missing']);
    expect(batches.sent).toEqual([]);
  });

  test('is asked for before anything else is looked at', async () => {
    const reply = await createApiScene().call({ path: '/v1/conversations/nonsense', query: 'a=b' });
    expect(reply.json.code).toBe('key_missing');
  });

  test('of which there are none yet is a matter of the configuration', async () => {
    const { get, setKeys } = createApiScene();
    setKeys([]);
    expect((await get('/v1/status')).json).toMatchObject({ status: 503, code: 'config_unavailable' });
  });
});

describe('what is not there', () => {
  test.each([
    ['GET', '/v1', 404, 'not_found'],
    ['GET', '/', 404, 'not_found'],
    ['GET', '/v1/conversations/', 404, 'not_found'],
    ['GET', '/v1/conversations/../status', 404, 'not_found'],
    ['GET', '/v1/./status', 404, 'not_found'],
    ['GET', '/v1//status', 404, 'not_found'],
    ['GET', '/v1/conversations/%2e%2e', 400, 'session_id_invalid'],
    ['GET', '/v1/conversations/session_a%2f..%2fx', 400, 'session_id_invalid'],
    ['GET', '/v1/conversations/session_a%00', 400, 'session_id_invalid'],
    ['GET', '/v1/conversations/%ff', 400, 'session_id_invalid'],
    ['GET', `/v1/conversations/session_${'a'.repeat(65)}`, 400, 'session_id_invalid'],
    ['POST', '/v1/status', 405, 'method_not_allowed'],
    ['GET', '/v1/dlq/redrive', 405, 'method_not_allowed'],
    ['DELETE', '/v1/conversations/session_a', 405, 'method_not_allowed'],
    ['TRACE', '/v1/status', 405, 'method_not_allowed'],
  ])('%s %s: %i %s', async (method, path, status, code) => {
    const { call, fetches } = createApiScene();
    const reply = await call({ method, path, headers: { authorization: `Bearer ${KEYS.read}` } });
    expect([reply.status, reply.json.code, reply.json.status]).toEqual([status, code, status]);
    expect(fetches).toEqual([]);
  });

  test('names the methods that there are', async () => {
    const { call } = createApiScene();
    expect((await call({ method: 'PUT', path: '/v1/conversations' })).headers.allow).toBe('POST');
    expect((await call({ method: 'POST', path: '/v1/status' })).headers.allow).toBe('GET');
  });
});

describe('GET /v1/conversations/{session_id}', () => {
  test('answers the record as it is now, with its fields at the top, and changes nothing', async () => {
    const { get, archive, batches } = createApiScene();

    const { status, json } = await get('/v1/conversations/session_a');

    expect(status).toBe(200);
    expect(json).toMatchObject({
      session_id: 'session_a',
      website_id: WEBSITE_ID,
      state: 'unresolved',
      is_verified: false,
      meta: { email: 'ada@example.com', nickname: 'Ada' },
      messages: [{ content: 'Is my parcel lost?' }, {}, {}],
      enrichment: { complete: true },
    });
    expect([...archive.objects.keys(), ...batches.sent]).toEqual([]);
  });

  test.each([
    ['', ['profile']],
    ['?include=events', ['events']],
    ['?include=relations,profile', ['profile', 'relations']],
  ])('%j reads %j beside the conversation', async (query, expected) => {
    const { get, setFetch } = createApiScene();
    let asked: readonly string[] = [];
    setFetch(async (session, _signal, include) => {
      asked = include;
      return aFetchedConversation(session);
    });

    await get(`/v1/conversations/session_a${query}`);

    expect(asked).toEqual(expected);
  });

  test.each([
    ['include=cookies', 'include'],
    ['include=', 'include'],
    ['from=cache', 'from'],
    ['from=archive&include=pages', 'include'],
    ['limit=1', ''],
    ['from=archive&from=archive', 'from'],
  ])('?%s is refused, and names %j', async (query, field) => {
    const { get, fetches } = createApiScene();
    const { json } = await get(`/v1/conversations/session_a?${query}`);
    expect(json).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ field }] });
    expect(fetches).toEqual([]);
  });

  test.each([
    ['website_id=nonsense', TWO, 400, 'website_id_invalid'],
    ['', TWO, 400, 'website_id_required'],
    [`website_id=${OTHER_WEBSITE_ID}`, [aSession().websiteId], 403, 'website_not_served'],
  ])('?%s with the websites %j is %i %s', async (query, websiteIds, status, code) => {
    const { get, fetches } = createApiScene({ websiteIds });

    const { json } = await get(`/v1/conversations/session_a?${query}`);

    expect([json.status, json.code]).toEqual([status, code]);
    if (code !== 'website_id_invalid') expect(json.website_ids).toEqual(websiteIds);
    expect(fetches).toEqual([]);
  });

  test('without a list of websites the only one that was seen is meant', async () => {
    const { get, known } = createApiScene({ websiteIds: [] });

    const expected = { code: 'website_id_required', website_ids: [] };
    expect((await get('/v1/conversations/session_a')).json).toMatchObject(expected);
    known.push(aSession().websiteId);
    expect((await get('/v1/conversations/session_a')).status).toBe(200);
  });

  test.each<[string, JobError, number, string, string | undefined]>([
    ['it is gone', new JobError('conversation_missing'), 404, 'conversation_missing', undefined],
    ['it refuses', new JobError('crisp_rate_limited', { retryAfterMs: 7500 }), 503, 'crisp_refused', '8'],
    ['the quota is spent', new JobError('crisp_quota_exceeded'), 503, 'crisp_refused', '60'],
    ['it is down', new JobError('crisp_unavailable', { status: 503 }), 502, 'crisp_failed', undefined],
    ['the token is wrong', new JobError('crisp_auth_failed'), 502, 'crisp_failed', undefined],
    ['the answer is too large', new JobError('response_too_large'), 502, 'crisp_failed', undefined],
  ])('where %s', async (_case, error, status, code, retryAfter) => {
    const { get, setFetch } = createApiScene();
    setFetch(async () => Promise.reject(error));

    const { json, headers } = await get('/v1/conversations/session_a');

    expect([json.status, json.code, headers['retry-after']]).toEqual([status, code, retryAfter]);
    expect(json.archived).toBeUndefined();
  });

  test('a failure of Crisp names the archived version, which can be had meanwhile', async () => {
    const { get, setFetch, keep } = createApiScene();
    await keep(aRecord());
    setFetch(async () => Promise.reject(new JobError('crisp_timeout')));

    const { json } = await get('/v1/conversations/session_a');

    expect(json).toMatchObject({ code: 'crisp_failed', reason: 'crisp_timeout' });
    expect((await get(json.archived)).json.content_hash).toBe(aRecord().content_hash);
  });

  const OPENING = {
    ...{ openedMs: 0, code: 'crisp_auth_failed', route: undefined, session: undefined },
    ...{ holdOffSeconds: 60, failedProbes: 0, closing: undefined },
  };

  test('while the breaker is open Crisp is not asked, and the caller is told when to come back', async () => {
    const { get, hold, keep, clock, fetches } = createApiScene();
    await keep(aRecord());
    hold({ ...OPENING, nextProbeMs: clock.nowMs() + 41_500 }, { deliveries: 'off', isOpen: true });

    const { json, headers } = await get('/v1/conversations/session_a');

    expect(json).toMatchObject({ status: 503, code: 'breaker_open', reason: 'crisp_auth_failed' });
    expect(headers['retry-after']).toBe('42');
    expect((await get(json.archived)).status).toBe(200);
    expect(fetches).toEqual([]);
  });

  test('an opening that was forgotten, while deliveries are on, keeps nobody from reading', async () => {
    const { get, hold } = createApiScene();
    hold({ ...OPENING, nextProbeMs: 0 }, { deliveries: 'on', isOpen: false });
    expect((await get('/v1/conversations/session_a')).status).toBe(200);
  });

  test('a conversation of more than 5 MB is enqueued instead', async () => {
    const { get, setFetch, batches } = createApiScene();
    setFetch(async (session) =>
      aFetchedConversation({ ...session, messages: [aCrispMessage(1, { content: 'x'.repeat(LARGE) })] }),
    );

    const { status, json, headers } = await get('/v1/conversations/session_a');

    expect([status, json.status, json.reason]).toEqual([202, 'queued', 'too_large']);
    expect(headers.location).toBe(json.archived);
    expect(batches.sent.map(({ job }) => [job.sessionId, job.mode])).toEqual([['session_a', 'full']]);
  });

  test('a fetch that takes longer than 20 s is given up and enqueued', async () => {
    const { get, setFetch, batches, clock } = createApiScene();
    const until = (signal: AbortSignal, reject: (reason: unknown) => void) =>
      signal.addEventListener('abort', () => reject(signal.reason));
    setFetch((_session, signal) => new Promise((_resolve, reject) => until(signal, reject)));
    const startedMs = clock.nowMs();

    const { status, json } = await untilSettled(clock, get('/v1/conversations/session_a'));

    expect([status, json.reason, clock.nowMs() - startedMs]).toEqual([202, 'took_too_long', 20_000]);
    expect(batches.sent).toHaveLength(1);
  });

  test('a defect is told by its code alone, and to the log by its place', async () => {
    const { get, setFetch, telemetry } = createApiScene();
    setFetch(async () => Promise.reject(new TypeError('secret words')));

    const { json } = await get('/v1/conversations/session_a');

    expect(json).toMatchObject({ status: 500, code: 'unexpected', request_id: 'request-1' });
    expect(JSON.stringify([json, telemetry.named('api-refused')])).not.toContain('secret words');
    expect(telemetry.named('api-refused')).toMatchObject([{ code: 'unexpected', detail: /TypeError/ }]);
  });
});

describe('?from=archive', () => {
  test('answers the newest archived version without asking Crisp', async () => {
    const { get, keep, fetches } = createApiScene();
    await keep(aRecord());

    const { status, json } = await get('/v1/conversations/session_a?from=archive');

    expect(status).toBe(200);
    expect(json).toEqual(JSON.parse(JSON.stringify(aRecord())));
    expect(fetches).toEqual([]);
  });

  test('answers the claim check of one of more than 5 MB', async () => {
    const { get, keep } = createApiScene();
    const record = aRecord(aSession(), LARGE);
    await keep(record);

    const { json } = await get('/v1/conversations/session_a?from=archive');

    expect(json.messages).toBeUndefined();
    expect(json).toMatchObject({
      content_hash: record.content_hash,
      claim_check: { bucket: 'archive', key: `records/${WEBSITE_ID}/session_a/${record.version}.json` },
    });
  });

  test('answers it also where Lambda could not send the record: quotes and line ends make it longer', async () => {
    const { get, keep } = createApiScene();
    const messages = [aCrispMessage(1, { content: '"\n'.repeat(1_100_000) })];
    const fetched = aFetchedConversation({ ...aSession(), messages });
    const record = buildRecord(fetched, { version: fetched.startedMs, mode: 'full', absorbed: 0 });
    await keep(record);

    const { json } = await get('/v1/conversations/session_a?from=archive');

    expect(Buffer.byteLength(JSON.stringify({ body: JSON.stringify(json) }))).toBeLessThan(6_291_556);
    expect(json.claim_check.key).toContain(`${record.version}.json`);
  });

  test('of an unknown and of a removed conversation is not found', async () => {
    const { get, keep } = createApiScene();
    await keep(buildRemovedRecord(aSession('session_gone'), { version: 7, reason: 'not_found' }));

    const read = async (id: string) => (await get(`/v1/conversations/${id}?from=archive`)).json;
    expect(await read('session_new')).toMatchObject({ status: 404, code: 'conversation_not_archived' });
    const removed = { status: 404, code: 'conversation_removed', version: 7 };
    expect(await read('session_gone')).toMatchObject(removed);
  });
});

describe('POST /v1/conversations', () => {
  test.each<[string, unknown, number]>([
    ['one id', { sessionId: 'session_a' }, 1],
    ['one id in snake case, with its website', { session_id: 'session_a', website_id: WEBSITE_ID }, 1],
    ['a list of ids', { sessionIds: ['session_a', 'session_b'] }, 2],
    ['a list of objects', [{ sessionId: 'session_a' }, { session_id: 'session_b' }], 2],
    ['a thousand', { sessionIds: Array.from({ length: 1000 }, (_, index) => `session_${index}`) }, 1000],
  ])('%s: all are queued, in full', async (_case, body, count) => {
    const { post, batches } = createApiScene();

    const { status, json } = await post('/v1/conversations', body);

    expect([status, json.queued, json.rejected, json.items.length]).toEqual([202, count, 0, count]);
    expect(json.items[0]).toEqual({
      session_id: batches.sent[0]?.job.sessionId,
      website_id: WEBSITE_ID,
      status: 'queued',
      message_id: 'sent-1',
    });
    expect(batches.sent.every(({ job }) => job.mode === 'full')).toBe(true);
  });

  test.each<[string, unknown]>([
    ['malformed_item', 'session_b'],
    ['malformed_item', null],
    ['missing_field', {}],
    ['missing_field', { sessionId: null }],
    ['unknown_field', { sessionId: 'session_b', mode: 'full' }],
    ['ambiguous_field', { sessionId: 'session_b', session_id: 'session_c' }],
    ['ambiguous_field', { sessionId: 'session_b', websiteId: WEBSITE_ID, website_id: OTHER_WEBSITE_ID }],
    ['session_id_invalid', { sessionId: 'b' }],
    ['session_id_invalid', { sessionId: 7 }],
    ['session_id_invalid', { sessionId: 'session_../x' }],
    ['website_id_invalid', { sessionId: 'session_b', websiteId: 'x' }],
    ['website_not_served', { sessionId: 'session_b', websiteId: OTHER_WEBSITE_ID }],
  ])('an item is rejected with %s, and its neighbours are queued: %j', async (code, item) => {
    const { post, batches } = createApiScene();

    const items = [{ sessionId: 'session_a' }, item, { sessionId: 'session_z' }];
    const { status, json } = await post('/v1/conversations', items);

    expect([status, json.queued, json.rejected]).toEqual([202, 2, 1]);
    expect(json.items[1]).toMatchObject({ status: 'rejected', code });
    expect(batches.sent.map(({ job }) => job.sessionId)).toEqual(['session_a', 'session_z']);
  });

  test('an id that could be of two websites is rejected with the choices; one that names its own is queued', async () => {
    const { post } = createApiScene({ websiteIds: TWO });

    const { json } = await post('/v1/conversations', [
      { sessionId: 'session_a' },
      { sessionId: 'session_a', websiteId: OTHER_WEBSITE_ID },
    ]);

    const detail = `one of ${WEBSITE_ID}, ${OTHER_WEBSITE_ID}`;
    expect(json.items).toMatchObject([
      { status: 'rejected', code: 'website_id_required', detail },
      { status: 'queued', website_id: OTHER_WEBSITE_ID },
    ]);
  });

  test('what the queue does not take is told of, and the others are queued', async () => {
    const { post, batches } = createApiScene();
    batches.refuse('session_b');

    const { json } = await post('/v1/conversations', { sessionIds: ['session_a', 'session_b'] });

    expect(json.items).toMatchObject([
      { status: 'queued' },
      { status: 'rejected', code: 'queue_unavailable', detail: 'internal_error' },
    ]);
  });

  const BIG = JSON.stringify({
    sessionIds: Array.from({ length: 100_000 }, (_, index) => `session_${index}`),
  });
  const MANY = { sessionIds: Array.from({ length: 1001 }, (_, index) => `session_${index}`) };

  test.each<[string, unknown, number, string]>([
    ['100,000 ids', BIG, 413, 'body_too_large'],
    ['1,001 ids', MANY, 422, 'too_many_sessions'],
    ['no ids', { sessionIds: [] }, 400, 'invalid_request'],
    ['an empty list', [], 400, 'invalid_request'],
    ['a text', '"session_a"', 400, 'invalid_request'],
    ['null', 'null', 400, 'invalid_request'],
    ['no list', { sessionIds: 'session_a' }, 400, 'invalid_request'],
    ['an unknown field', { sessionId: 'session_a', priority: 1 }, 400, 'invalid_request'],
    ['an unknown field beside a list', { sessionIds: ['session_a'], __proto__x: 1 }, 400, 'invalid_request'],
    ['an id and a list', { sessionId: 'session_a', sessionIds: ['session_b'] }, 400, 'invalid_request'],
    ['no JSON', '{"sessionId": "session_a"', 400, 'invalid_json'],
    ['nothing', '', 400, 'invalid_json'],
    ['only ids that are none', { sessionIds: ['a', 'b'] }, 422, 'nothing_queued'],
  ])('%s: nothing is queued', async (_case, body, status, code) => {
    const { post, batches } = createApiScene();
    const { json } = await post('/v1/conversations', body);
    expect([json.status, json.code]).toEqual([status, code]);
    expect(batches.sent).toEqual([]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', ''])(
    'a body of type %j is not read',
    async (type) => {
      const { post, batches } = createApiScene();
      const { json } = await post('/v1/conversations', { sessionId: 'session_a' }, { 'content-type': type });
      expect([json.status, json.code]).toEqual([415, 'content_type_not_supported']);
      expect(batches.sent).toEqual([]);
    },
  );

  test('bytes that are no UTF-8 are no JSON', async () => {
    const type = { 'content-type': 'application/json; charset=utf-8' };
    const headers = { authorization: `Bearer ${KEYS.enqueue}`, ...type };
    const request = { method: 'POST', path: '/v1/conversations', headers };
    const { json } = await createApiScene().call({ ...request, body: Buffer.from([0x22, 0xff, 0x22]) });
    expect(json.code).toBe('invalid_json');
  });

  describe('an idempotency key', () => {
    const BODY = { sessionIds: ['session_a', 'wrong'] };
    const KEY = { 'idempotency-key': 'import-1' };

    test('makes the repetition of a request answer as the first did, and queue nothing', async () => {
      const { post, batches, telemetry } = createApiScene();

      const first = await post('/v1/conversations', BODY, KEY);
      const second = await post('/v1/conversations', BODY, KEY);

      expect(telemetry.named('ledger-unavailable')).toEqual([]);
      expect(second.json).toEqual(first.json);
      expect([second.status, second.headers['idempotency-replayed']]).toEqual([202, 'true']);
      expect(batches.sent).toHaveLength(1);
    });

    test('is refused for another request', async () => {
      const { post, batches } = createApiScene();
      await post('/v1/conversations', BODY, KEY);

      const { json } = await post('/v1/conversations', { sessionId: 'session_b' }, KEY);

      expect([json.status, json.code]).toEqual([422, 'idempotency_key_reused']);
      expect(batches.sent).toHaveLength(1);
    });

    test('lets a request that runs run alone', async () => {
      const { post, batches } = createApiScene();
      const running = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      batches.onSent(() => {
        reached.resolve();
        return running.promise;
      });

      const first = post('/v1/conversations', BODY, KEY);
      await reached.promise;
      const second = await post('/v1/conversations', BODY, KEY);
      running.resolve();

      expect([second.status, second.json.code]).toEqual([409, 'idempotency_in_progress']);
      expect((await first).status).toBe(202);
    });

    test('that the ledger takes twice, because the first answer was lost, is still its own', async () => {
      const { post, context, batches } = createApiScene();
      const { client, table } = createFakeLedger();
      const send = client.send.bind(client) as (command: object) => Promise<unknown>;
      const repeating = {
        async send(command: object) {
          await send(command).catch(() => undefined);
          return send(command);
        },
      };
      const idempotency = createDynamoIdempotencyNotes({ client: repeating as typeof client, table });
      Object.assign(context, { idempotency });

      const { status } = await post('/v1/conversations', BODY, { 'idempotency-key': 'import-7' });

      expect([status, batches.sent.length]).toEqual([202, 1]);
    });

    test('of a request that failed may be used again', async () => {
      const { post } = createApiScene();
      expect((await post('/v1/conversations', { sessionIds: ['wrong'] }, KEY)).status).toBe(422);
      expect((await post('/v1/conversations', { sessionIds: ['session_a'] }, KEY)).status).toBe(202);
    });

    test('is forgotten after a day', async () => {
      const { post, batches, clock } = createApiScene();
      await post('/v1/conversations', BODY, KEY);
      await clock.advance(25 * 3_600_000);

      await post('/v1/conversations', BODY, KEY);

      expect(batches.sent).toHaveLength(2);
    });

    test.each(['', 'a b', 'x'.repeat(256), 'é'])('may not be %j', async (key) => {
      const { json } = await createApiScene().post('/v1/conversations', BODY, { 'idempotency-key': key });
      expect([json.status, json.code]).toEqual([400, 'idempotency_key_invalid']);
    });

    test('does nothing without the ledger, and the request is answered', async () => {
      const scene = createApiScene({ hasLedger: false });

      expect((await scene.post('/v1/conversations', BODY, KEY)).status).toBe(202);
      // It is the claim that expires: what is kept without one would stay for good.
      expect(scene.telemetry.named('ledger-unavailable').map(({ operation }) => operation)).toEqual([
        'claim-answer',
      ]);
    });
  });
});

describe('runs and status', () => {
  test('GET /v1/runs lists the runs of all sessions, newest first', async () => {
    const { get, runLog } = createApiScene();
    for (const n of [1, 2, 3])
      await runLog.record([
        aRun({ session: aSession(`session_${n}`), startedMs: n * 1000, messageId: `m-${n}` }),
      ]);

    const { json } = await get('/v1/runs?limit=2');

    const [three, two] = [{ session_id: 'session_3' }, { session_id: 'session_2' }];
    const runs = [{ ...three, outcome: 'emitted', api_calls: 3 }, two];
    expect(json).toMatchObject({ covers_days: 7, runs: runs });
  });

  test('GET /v1/runs/{session_id} lists those of one session', async () => {
    const { get, runLog } = createApiScene();
    await runLog.record([aRun(), aRun({ session: aSession('session_b') })]);
    const { json } = await get('/v1/runs/session_b');
    expect(json.runs).toMatchObject([{ session_id: 'session_b', website_id: WEBSITE_ID }]);
  });

  test.each(['limit=0', 'limit=1001', 'limit=-1', 'limit=1e3', 'limit=', 'offset=1'])(
    'GET /v1/runs?%s is refused',
    async (query) => {
      expect((await createApiScene().get(`/v1/runs?${query}`)).json.code).toBe('invalid_request');
    },
  );

  test('GET /v1/status says how the stage stands', async () => {
    const { json } = await createApiScene().get('/v1/status');
    const well = { deliveries: 'on', breaker: { is_open: false }, redrive: null };
    expect(json).toMatchObject({ stage: 'test', ...well });
  });
});

describe('POST /v1/dlq/redrive', () => {
  test('enqueues the dead letters that a filter admits, and takes them away', async () => {
    const { post, queue, batches, clock } = createApiScene();
    queue.bury(...letters(2));

    const { status, json } = await untilSettled(clock, post('/v1/dlq/redrive', { session_id: 'session_1' }));

    expect([status, json.by, json.moved, json.left]).toEqual([200, 'enqueue', 1, 0]);
    expect(batches.sent.map(({ job }) => job.sessionId)).toEqual(['session_1']);
    expect(queue.ids()).toHaveLength(1);
  });

  test('without a body leaves the whole queue to SQS', async () => {
    const { post, queue, clock } = createApiScene();
    queue.bury(...letters(2));

    const { json } = await untilSettled(clock, post('/v1/dlq/redrive', ''));

    expect([json.by, json.moved]).toEqual(['move-task', 2]);
    expect(queue.ids()).toEqual([]);
  });

  test('a dry run says what would be moved, and moves nothing', async () => {
    const { post, queue, clock } = createApiScene();
    queue.bury(aLetter());

    const { json } = await untilSettled(clock, post('/v1/dlq/redrive', { dry_run: true }));

    expect(json).toMatchObject({ dry_run: true, would_move: 1 });
    expect(queue.ids()).toHaveLength(1);
  });

  test('a queue that cannot be looked through in the time is moved all the same, as far as that goes', async () => {
    const { post, queue, context, clock } = createApiScene();
    queue.bury(
      ...Array.from({ length: 300 }, (_, index) => aLetter({ session: aSession(`session_${index}`) })),
    );
    const { receive } = context.deadLetters.queue;
    Object.assign(context.deadLetters.queue, {
      async receive(seconds: number) {
        await clock.sleep(1000);
        return receive.call(queue, seconds);
      },
    });

    const { json } = await untilSettled(clock, post('/v1/dlq/redrive', { rate_per_second: 10 }));

    expect(json).toMatchObject({ by: 'enqueue', ended: 'interrupted' });
    expect(json.moved).toBeGreaterThan(20);
    expect(json.moved + queue.ids().length).toBe(300);
  });

  test('a move that SQS takes long to cancel is answered all the same', async () => {
    const { post, queue, context, clock } = createApiScene();
    queue.bury(...letters(40));
    const startedMs = clock.nowMs();
    let task: MoveTask | undefined;
    Object.assign(context.deadLetters.moveTasks, {
      latest: async () => task,
      async start() {
        task = { handle: 'task', status: 'running', moved: 7, toMove: 40, failureReason: undefined };
      },
      async cancel() {
        task = task && { ...task, status: 'cancelling' };
      },
    });

    const { json } = await untilSettled(clock, post('/v1/dlq/redrive', ''));

    expect(json).toMatchObject({ by: 'move-task', moved: 7 });
    expect(clock.nowMs() - startedMs).toBeLessThan(45_000);
  }, 5000);

  test('what does not go in 20 s is left for the next call', async () => {
    const { post, queue, clock } = createApiScene();
    queue.bury(...letters(40));
    const startedMs = clock.nowMs();

    const { json } = await untilSettled(clock, post('/v1/dlq/redrive', { max: 1000, rate_per_second: 1 }));

    expect(clock.nowMs() - startedMs).toBeLessThan(30_000);
    expect(json.moved).toBeGreaterThan(10);
    expect(json.moved + queue.ids().length).toBe(40);
  });

  test.each([
    { limit: 1 },
    { code: 'Robert"); DROP' },
    { failed_in: 'kitchen' },
    { session_id: '../x' },
    { website_id: 'x' },
    { since: 'yesterday' },
    { max: 0 },
    { rate_per_second: 501 },
    { dry_run: 'yes' },
    { message_ids: [] },
    [['session_a']],
  ])('%j is refused, and moves nothing', async (body) => {
    const { post, queue } = createApiScene();
    queue.bury(aLetter());

    const { json } = await post('/v1/dlq/redrive', body);

    expect([json.status, json.code]).toEqual([400, 'invalid_request']);
    expect(queue.ids()).toHaveLength(1);
  });
});
