import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { classifyResponse, MAX_RETRY_AFTER_MS, parseRetryAfter } from '../../lib/crisp/answers.ts';
import type { CrispApi } from '../../lib/crisp/client.ts';
import type { CrispResponse } from '../../lib/crisp/http.ts';
import { JobError } from '../../lib/errors.ts';
import { BAD_ANSWERS, refusal } from '../bad-inputs/crisp-answers.ts';
import { aSession } from '../support/builders.ts';
import { failureOf, type ScriptedAnswer, setUpCrisp, TOKEN } from '../support/crisp.ts';

describe('classify response', () => {
  const context = {
    nowMs: Date.parse('2026-11-23T12:00:00Z'),
    requestUrl: new URL('https://api.example.com/v1/website'),
  };

  const classify = (response: CrispResponse) => classifyResponse(response, context);

  function failureOf(response: CrispResponse): JobError {
    const answer = classify(response);
    if (answer.outcome === 'failure') return answer.error;
    throw new Error('expected a failure');
  }

  const refusal = (
    status: number,
    envelope: object = {},
    rest: Partial<CrispResponse> = {},
  ): CrispResponse => ({
    status,
    body: JSON.stringify({ error: true, ...envelope }),
    ...rest,
  });

  describe('a failure is answered as its cause deserves', () => {
    test.each([
      [400, 'permanent'],
      [401, 'outage'],
      [402, 'permanent'],
      [403, 'permanent'],
      [404, 'missing'],
      [405, 'permanent'],
      [408, 'transient'],
      [409, 'permanent'],
      [410, 'missing'],
      [420, 'refused'],
      [422, 'refused'],
      [423, 'refused'],
      [425, 'transient'],
      [429, 'refused'],
      [500, 'transient'],
      [503, 'transient'],
      [599, 'transient'],
      [302, 'transient'],
      [204, 'transient'],
    ])('%d is %s', (status, disposition) => expect(failureOf(refusal(status)).disposition).toBe(disposition));

    test.each([420, 422, 423, 429, 503])('Retry-After of a %d is kept', (status) => {
      const failure = failureOf(refusal(status, {}, { retryAfter: 'Mon, 23 Nov 2026 12:00:30 GMT' }));
      expect(failure.retryAfterMs).toBe(30_000);
    });

    test.each([
      ['//example.com/x', 'to https://example.com'],
      ['/v2?token=1', 'to https://api.example.com'],
      ['http://169.254.169.254/latest', 'to http://169.254.169.254'],
      ['parcel:is-it-lost', 'without a readable location'],
      ['javascript://parcel.lost/', 'without a readable location'],
      ['http://[', 'without a readable location'],
      [undefined, 'without a readable location'],
    ])('a redirect to %j is told as "%s"', (location, hint) => {
      expect(failureOf({ status: 301, body: '', location }).hint).toBe(hint);
    });

    test('a scope is taken from the reason or from the message beside it', () => {
      const inReason = failureOf(refusal(403, { reason: 'website:conversation:sessions' }));
      const inMessage = failureOf(
        refusal(403, { reason: 'not_allowed', data: { message: 'need plan:subscription!' } }),
      );

      expect(inReason.hint).toContain('missing scope website:conversation:sessions');
      expect(inMessage.hint).toBe('missing scope plan:subscription; reason not_allowed');
    });
  });

  describe('a reason is read before the status', () => {
    const STATUSES = [
      200, 206, 201, 302, 400, 401, 402, 403, 404, 406, 409, 410, 418, 420, 422, 423, 429, 451, 500, 503,
    ];

    test.each([
      ['rate_limited', 'crisp_rate_limited'],
      ['rate_limit_exceeded', 'crisp_rate_limited'],
      ['ratelimited', 'crisp_rate_limited'],
      ['rateLimited', 'crisp_rate_limited'],
      ['RATE-LIMITED', 'crisp_rate_limited'],
      ['too_many_requests', 'crisp_rate_limited'],
      ['tooManyRequests', 'crisp_rate_limited'],
      ['Too Many Requests', 'crisp_rate_limited'],
      ['throttled', 'crisp_rate_limited'],
      ['request_limit_reached', 'crisp_rate_limited'],
      ['max_requests_exceeded', 'crisp_rate_limited'],
      ['slow_down', 'crisp_rate_limited'],
      ['quota_limit_exceeded', 'crisp_quota_exceeded'],
      ['quota_exceeded', 'crisp_quota_exceeded'],
      ['daily_limit_reached', 'crisp_quota_exceeded'],
      ['over_quota', 'crisp_quota_exceeded'],
    ])('%s is %s under any status', (reason, code) => {
      for (const status of STATUSES) {
        const failure = failureOf(refusal(status, { reason, data: {} }, { retryAfter: '30' }));

        expect(failure).toMatchObject({ code, status, retryAfterMs: 30_000 });
      }
    });

    test.each([
      { error: 'rate_limited' },
      { reason: 'rate_limited' },
      { error: false, reason: 'rate_limited' },
      { error: 'Too Many Requests', message: 'wait' },
    ])('%j names a limit as well', (envelope) => {
      for (const status of [200, 400, 403])
        expect(failureOf({ status, body: JSON.stringify(envelope) }).code).toBe('crisp_rate_limited');
    });

    test.each(['not_allowed', 'invalid_data', 'unlimited', 'delimiter_missing', 'generate', 'not_found'])(
      '%s names no limit',
      (reason) => {
        for (const status of [200, 400, 403, 404])
          expect(failureOf(refusal(status, { reason })).disposition).not.toBe('refused');
      },
    );

    test('data whose reason sounds like a limit is data', () => {
      const body = JSON.stringify({ error: false, reason: 'limited', data: [] });
      expect(classify({ status: 200, body }).outcome).toBe('data');
    });

    test.each([400, 402, 403, 404, 406, 410])('not_subscribed of a %d is not_subscribed', (status) => {
      expect(failureOf(refusal(status, { reason: 'not_subscribed' })).code).toBe('crisp_not_subscribed');
    });
  });

  describe('what only Crisp can say is believed in its own words alone', () => {
    const foreign: [string, string][] = [
      ['the page of a proxy', '<html><h1>nginx</h1></html>'],
      ['no body', ''],
      ['JSON of another service', '{"message":"Forbidden"}'],
      ['an error in words', '{"error":"Forbidden"}'],
      ['a list', '[]'],
      ['JSON that breaks off', '{"error":true,'],
    ];

    test.each(foreign)('%s is no verdict, whatever its status', (_, body) => {
      const reasons = [400, 402, 403, 404, 405, 409, 410, 418, 451, 499].map(
        (status) => failureOf({ status, body }).reason,
      );

      expect(new Set(reasons)).toEqual(new Set(['crisp_unavailable:foreign_answer']));
    });

    test.each([
      [401, 'crisp_auth_failed'],
      [408, 'crisp_unavailable'],
      [420, 'crisp_rate_limited'],
      [422, 'crisp_rate_limited'],
      [423, 'crisp_quota_exceeded'],
      [425, 'crisp_unavailable'],
      [429, 'crisp_rate_limited'],
      [302, 'unexpected_redirect'],
    ])('a %d means the same from anybody', (status, reason) => {
      for (const [, body] of foreign) expect(failureOf({ status, body }).reason).toBe(reason);
    });

    test.each([{ error: true }, { reason: 'gone' }])('%j is of Crisp', (envelope) => {
      expect(failureOf({ status: 404, body: JSON.stringify(envelope) }).reason).toBe('conversation_missing');
    });

    test('an answer of somebody else is described, and its Retry-After is kept', () => {
      const failure = failureOf({
        status: 403,
        body: '<h1>Access denied</h1> Ada asked Cloudflare for a gateway',
        contentType: 'text/html',
        retryAfter: '30',
      });

      expect(failure.hint).toBe(
        'content type text/html, 57 characters that look like "<a0>aaaaaa aaaaaa</a0> aaa aaaaa aaaaaaaaaa aaa a aaaaaaa", ' +
          'with the words: gateway, denied, cloudflare',
      );
      expect(failure.retryAfterMs).toBe(30_000);
    });
  });

  describe('nothing of a conversation is repeated', () => {
    const canary = 'Is my parcel lost? ada@example.com';
    const word = 'parcel';

    const bodies: [string, CrispResponse][] = [
      ['a reason', refusal(400, { reason: canary })],
      ['a reason on 200', { status: 200, body: JSON.stringify({ error: true, reason: canary }) }],
      ['a message beside a reason', refusal(403, { reason: 'not_allowed', data: { message: canary } })],
      ['JSON that breaks off', { status: 200, body: `{"data":{"last_message":"${canary}` }],
      ['JSON that claims to be a page', { status: 200, body: `{"a":"${canary}`, contentType: 'text/html' }],
      ['a list that breaks off', { status: 200, body: `[{"content":"${canary}` }],
      ['text that claims to be JSON', { status: 200, body: `x${canary}`, contentType: 'application/json' }],
      ['JSON behind a comment', { status: 200, body: `/**/ {"content":"${canary}` }],
      ['a list behind a prefix', { status: 200, body: `x[ "${canary}` }],
      ['JSON at the end of a page', { status: 404, body: `${canary} <p>{"error" : 1` }],
      ['an error page', { status: 500, body: `<html>${canary}` }],
      ['the page of a proxy', { status: 403, body: `<html>${canary} denied`, contentType: 'text/html' }],
      ['a page on 200', { status: 200, body: `<html>${canary}`, contentType: 'text/html' }],
      ['one word on 200', { status: 200, body: word }],
      ['a content type', { status: 200, body: '<html>', contentType: `text/${word}` }],
      ['a content type of its own', { status: 404, body: '<html>', contentType: `${word}/x; a=${word}` }],
      ['a scope', refusal(403, { reason: 'not_allowed', data: { message: `need user:${word}` } })],
      ['a scope that goes on', refusal(403, { data: { message: `need website:people:${word}` } })],
      ['a reason with a name', refusal(403, { reason: `${word}.lovelace` })],
      ['a reason with a number', refusal(403, { reason: `${word}_2025550143` })],
      ['a reason in two words', refusal(400, { reason: `lost ${word}` })],
      ['a target', { status: 302, body: '', location: `${word}:lost` }],
      [
        'the path of a target',
        { status: 302, body: '', location: `https://${word}@example.com/${word}?${word}` },
      ],
    ];

    test.each(bodies)('%s', (_, response) => {
      const failure = failureOf(response);
      expect(`${failure.message} ${failure.stack} ${failure.cause}`).not.toMatch(/parcel|ada@/);
    });
  });

  test.each([
    ['an object as reason', { reason: { toString: 1 } }],
    ['a list as message', { reason: 'not_found', data: { message: [1] } }],
    ['no data at all', { data: null }],
  ])('%s is survived', (_, envelope) => {
    for (const status of [200, 400, 403, 404, 429])
      expect(failureOf(refusal(status, envelope))).toBeInstanceOf(JobError);
  });

  test('a byte order mark before the envelope does no harm', () => {
    expect(classify({ status: 200, body: '\uFEFF{"error":false,"data":{}}' }).outcome).toBe('data');
  });
});

describe('retry after', () => {
  const NOW_MS = Date.parse('2026-11-23T12:00:00Z');

  test.each([
    ['0', 0],
    ['5', 5_000],
    [' 120 ', 120_000],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['999999', MAX_RETRY_AFTER_MS],
    ['9'.repeat(400), MAX_RETRY_AFTER_MS],
    ['Mon, 23 Nov 2026 12:02:00 GMT', 120_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['Tue, 23 Nov 2027 12:00:00 GMT', MAX_RETRY_AFTER_MS],
  ])('R18 %j asks for %d ms', (value, delayMs) => expect(parseRetryAfter(value, NOW_MS)).toBe(delayMs));

  test.each([
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'banana',
    '2026-11-23',
    'Mon, 99 Nov 2026 12:00:00 GMT',
    '٣',
  ])('R18 %j asks for nothing', (value) => expect(parseRetryAfter(value, NOW_MS)).toBeUndefined());

  test('a wait is always between 0 and an hour', () => {
    const value = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );

    fc.assert(
      fc.property(value, (text) => {
        const delayMs = parseRetryAfter(text, NOW_MS);
        return delayMs === undefined || (delayMs >= 0 && delayMs <= MAX_RETRY_AFTER_MS);
      }),
    );
  });
});

describe('what an answer means', () => {
  const session = aSession();
  const readConversation = (crisp: CrispApi) => crisp.getConversation(session);
  const readMessages = (crisp: CrispApi) => crisp.listMessages(session);

  test.each(BAD_ANSWERS)('$row $title is $reason', async ({ answer, reason, route }) => {
    const { crisp, server } = await setUpCrisp([answer]);
    const failure = await failureOf(route === 'messages' ? readMessages(crisp) : readConversation(crisp));
    expect(failure.reason).toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  test('R3 a page that is no JSON is described by its type, length, shape and known words, without its text', async () => {
    const html = `<h1>\u001b]0;Bad\u202e</h1> ada@example.com 203.0.113.9 ${TOKEN.key} ${'x'.repeat(200)}`;
    const { crisp } = await setUpCrisp([{ body: html, headers: { 'content-type': 'text/html' } }]);

    const { hint = '' } = await failureOf(readConversation(crisp));

    expect(hint).toMatch(
      /^content type text\/html, \d+ characters that look like "<a0>\?\]0;aaa\?<\/a0> aaa@/,
    );
    expect(hint).not.toMatch(/ada@example|203\.0|ffff|x{60}|Bad/);
  });

  test.each([
    ['br', 'content encoding br'],
    ['gzip, gzip', 'content encoding gzip, gzip'],
    ['parcel', 'content encoding "aaaaaa"'],
    ['gzip, parcel', 'content encoding "aaaa, aaaaaa"'],
  ])('R20 the encoding %j is told as %s', async (encoding, hint) => {
    const { crisp } = await setUpCrisp([{ data: {}, headers: { 'content-encoding': encoding } }]);
    expect((await failureOf(readConversation(crisp))).hint).toBe(hint);
  });

  const redirect = { location: 'https://ada:pass@example.com:8443/path?token=1' };
  const scope = 'website:conversation:messages';
  test.each<[string, ScriptedAnswer, object]>([
    [
      'R11 a redirect by its origin alone',
      { status: 302, headers: redirect },
      { hint: 'to https://example.com:8443' },
    ],
    [
      'R13 a rejected token with what to check',
      refusal(401, 'invalid_session'),
      { hint: 'token rejected; check tier (plugin/website) and rotation' },
    ],
    [
      'R14 a missing scope by its name',
      refusal(403, 'not_allowed', `needs ${scope} (read)`),
      { hint: expect.stringContaining(scope) },
    ],
    [
      'R18 a refusal with its Retry-After',
      { ...refusal(429, 'rate_limited'), headers: { 'retry-after': '5' } },
      { retryAfterMs: 5_000 },
    ],
  ])('%s is told', async (_, answer, expected) => {
    expect(await failureOf(readConversation((await setUpCrisp([answer])).crisp))).toMatchObject(expected);
  });

  test('R18 a Retry-After that is a date is a wait from now', async () => {
    const inTwoMinutes = new Date(systemClock.nowMs() + 120_000).toUTCString();
    const { crisp } = await setUpCrisp([
      { ...refusal(429, 'rate_limited'), headers: { 'retry-after': inTwoMinutes } },
    ]);

    const { retryAfterMs = 0 } = await failureOf(readConversation(crisp));

    expect(retryAfterMs).toBeGreaterThan(110_000);
    expect(retryAfterMs).toBeLessThanOrEqual(120_000);
  });

  test('a refusal slows the throttle down, another failure does not', async () => {
    const { crisp, refusals } = await setUpCrisp([refusal(429, 'rate_limited'), { status: 503 }]);
    await failureOf(readConversation(crisp));
    await failureOf(readConversation(crisp));
    expect(refusals()).toBe(1);
  });
});
