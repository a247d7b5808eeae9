import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { CrispApi } from '../../../lib/ports/crisp-api.ts';
import { aSession, OTHER_WEBSITE_ID, WEBSITE_ID } from '../../support/builders.ts';
import { failureOf, MAX_RESPONSE_BYTES, setUpCrisp, TOKEN } from '../../support/crisp-over-http.ts';
import type { ScriptedAnswer } from '../../support/scripted-crisp.ts';

const session = aSession();
const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };
const readConversation = (crisp: CrispApi) => crisp.getConversation(session);
const readMessages = (crisp: CrispApi) => crisp.listMessages(session);

describe('what an answer means', () => {
  const envelope = (content: object) => ({ body: JSON.stringify(content) });
  const refusal = (status: number, reason: string, message?: string): ScriptedAnswer => ({
    status,
    body: JSON.stringify({ error: true, reason, data: message === undefined ? {} : { message } }),
  });

  const rows: [string, ScriptedAnswer, string, ((crisp: CrispApi) => Promise<unknown>)?][] = [
    ['R1 an empty object', envelope({}), 'bad_response:missing_data'],
    ['R1 no data', envelope({ error: false, reason: 'resolved' }), 'bad_response:missing_data'],
    ['R2 an error on 200', envelope({ error: true, reason: 'not_now' }), 'crisp_error:not_now'],
    ['R2 an error without a reason', envelope({ error: true }), 'crisp_error:unknown'],
    [
      'R2 a reason that is a sentence',
      envelope({ error: true, reason: 'ask ada@example.com' }),
      'crisp_error:unreadable',
    ],
    ['R3 HTML', { body: '<html>', headers: { 'content-type': 'text/html' } }, 'bad_response:not_json'],
    ['R4 JSON that breaks off', { body: '{"error":false,"data":{"topic":"A par' }, 'bad_response:truncated'],
    ['R5 another session', { data: { ...conversation, session_id: 'session_b' } }, 'session_mismatch'],
    ['R5 another website', { data: { ...conversation, website_id: OTHER_WEBSITE_ID } }, 'session_mismatch'],
    [
      'R5 a message of another session',
      { data: [conversation, { session_id: 'session_b' }] },
      'session_mismatch',
      readMessages,
    ],
    ['R6 null for an object', envelope({ error: false, data: null }), 'bad_response:shape'],
    ['R6 a list for an object', { data: [] }, 'bad_response:shape'],
    ['R6 a conversation without its id', { data: {} }, 'bad_response:shape'],
    ['R6 an envelope that is a list', { body: '[]' }, 'bad_response:shape'],
    ['R7 an object for messages', { data: {} }, 'bad_response:shape', readMessages],
    ['R10 204', { status: 204 }, 'bad_response:empty'],
    ['R10 200 without a body', { body: '' }, 'bad_response:empty'],
    ['202', { status: 202 }, 'bad_response:status_202'],
    ['R11 301', { status: 301, headers: { location: 'https://example.com/' } }, 'unexpected_redirect'],
    ['R11 302', { status: 302, headers: { location: '/elsewhere' } }, 'unexpected_redirect'],
    ['R11 307 without a target', { status: 307 }, 'unexpected_redirect'],
    ['R12 400', refusal(400, 'invalid_data'), 'crisp_rejected:400'],
    ['R12 405', refusal(405, 'method_not_allowed'), 'crisp_rejected:405'],
    ['R12 422', refusal(422, 'invalid_data'), 'crisp_rate_limited'],
    ['R13 401', refusal(401, 'invalid_session'), 'crisp_auth_failed'],
    ['R13 the reason of a 401 with another status', refusal(403, 'invalid_session'), 'crisp_auth_failed'],
    ['R14 402', refusal(402, 'subscription_upgrade_required'), 'crisp_forbidden'],
    ['R14 403', refusal(403, 'not_allowed'), 'crisp_forbidden'],
    ['R15 404', refusal(404, 'not_found'), 'conversation_missing'],
    ['R15 404 not subscribed', refusal(404, 'not_subscribed'), 'crisp_not_subscribed'],
    ['R15 404 unknown route', refusal(404, 'not_found', 'the route does not exist'), 'crisp_route_unknown'],
    ['R15 410', refusal(410, 'gone'), 'conversation_missing'],
    ...[408, 425, 500, 502, 503, 504, 520, 529].map((status): [string, ScriptedAnswer, string] => [
      `R16 ${status}`,
      { status, body: '<html>', headers: { 'content-type': 'text/html' } },
      'crisp_unavailable',
    ]),
    [
      'a 503 whose body cannot be read',
      { status: 503, body: 'no gzip', headers: { 'content-encoding': 'gzip' } },
      'crisp_unavailable',
    ],
    [
      'a 502 with a body over the cap',
      { status: 502, body: ' '.repeat(MAX_RESPONSE_BYTES + 1) },
      'crisp_unavailable',
    ],
    ['R17 420', refusal(420, 'slow_down'), 'crisp_rate_limited'],
    ['R18 429', refusal(429, 'rate_limited'), 'crisp_rate_limited'],
    ['R19 423', refusal(423, 'quota_limit_exceeded'), 'crisp_quota_exceeded'],
    ['R19 429 for the quota', refusal(429, 'quota_limit_exceeded'), 'crisp_quota_exceeded'],
    ['R20 an encoding that was not asked for', { headers: { 'content-encoding': 'br' } }, 'bad_encoding'],
    [
      'R20 six encodings',
      { headers: { 'content-encoding': Array(6).fill('gzip').join(', ') } },
      'bad_encoding',
    ],
    ['R20 corrupt gzip', { body: 'no gzip', headers: { 'content-encoding': 'gzip' } }, 'bad_encoding'],
    [
      'R20 gzip that breaks off',
      { body: gzipSync('{}').subarray(0, 15), headers: { 'content-encoding': 'gzip' } },
      'bad_encoding',
    ],
    ['R21 a length over the cap', { body: ' '.repeat(MAX_RESPONSE_BYTES + 1) }, 'response_too_large'],
    [
      'R21 a stream over the cap',
      { body: ' '.repeat(MAX_RESPONSE_BYTES + 1), headers: { 'transfer-encoding': 'chunked' } },
      'response_too_large',
    ],
    [
      'R22 a flood of headers',
      { headers: { 'x-flood': 'x'.repeat(20_000) } },
      'bad_response:headers_overflow',
    ],
  ];

  test.each(rows)('%s', async (_, answer, reason, read = readConversation) => {
    const { crisp, server } = await setUpCrisp([answer]);

    const failure = await failureOf(read(crisp));

    expect(failure.reason).toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  test('R3 a page that is no JSON is described by its type and its escaped beginning, without addresses', async () => {
    const html = `<h1>\u001b]0;Bad\u202e</h1> ada@example.com 203.0.113.9 ${TOKEN.key} ${'x'.repeat(200)}`;
    const { crisp } = await setUpCrisp([{ body: html, headers: { 'content-type': 'text/html' } }]);

    const { hint = '' } = await failureOf(readConversation(crisp));

    expect(hint).toMatch(/^content type text\/html, begins: <h1>\\u001b\]0;Bad\\u202e<\/h1>/);
    expect(hint).not.toMatch(/ada@example|203\.0|ffff|x{60}/);
  });

  test('a piece of JSON is never quoted, whatever type it is given', async () => {
    const body = '{"data":{"last_message":"my secret';
    const { crisp } = await setUpCrisp([{ body, headers: { 'content-type': 'text/html' } }]);

    const failure = await failureOf(readConversation(crisp));

    expect(`${failure.message} ${failure.cause}`).not.toContain('secret');
  });

  test('R11 a redirect is told by its origin alone', async () => {
    const location = 'https://ada:pass@example.com:8443/path?token=1';
    const { crisp } = await setUpCrisp([{ status: 302, headers: { location } }]);

    const failure = await failureOf(readConversation(crisp));

    expect(failure.hint).toBe('to https://example.com:8443');
  });

  test('R14 a missing scope is named', async () => {
    const { crisp } = await setUpCrisp([
      refusal(403, 'not_allowed', 'needs website:conversation:messages (read)'),
    ]);

    const failure = await failureOf(readConversation(crisp));

    expect(failure.hint).toContain('website:conversation:messages');
  });

  test.each([
    ['5', 5_000],
    ['999999', 42_300_000],
    ['-1', undefined],
    ['banana', undefined],
  ])('R18 Retry-After: %s is passed on as %s ms', async (value, retryAfterMs) => {
    const { crisp } = await setUpCrisp([
      { ...refusal(429, 'rate_limited'), headers: { 'retry-after': value } },
    ]);

    const failure = await failureOf(readConversation(crisp));

    expect(failure.retryAfterMs).toBe(retryAfterMs);
  });

  test('a refusal slows the throttle down, another failure does not', async () => {
    const { crisp, refusals } = await setUpCrisp([refusal(429, 'rate_limited'), { status: 503 }]);

    await failureOf(readConversation(crisp));
    await failureOf(readConversation(crisp));

    expect(refusals()).toBe(1);
  });

  test('R20 a gzip bomb ends at the cap and takes no memory for what it would become', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const { crisp } = await setUpCrisp([{ body: bomb, headers: { 'content-encoding': 'gzip' } }]);
    const before = process.memoryUsage().rss;

    const failure = await failureOf(readConversation(crisp));

    expect(failure.reason).toBe('response_too_large');
    expect(process.memoryUsage().rss - before).toBeLessThan(16 * 1024 * 1024);
  });
});
