import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { MAX_RETRY_AFTER_MS } from '../../../lib/core/crisp/retry-after.ts';
import type { CrispApi } from '../../../lib/ports/crisp-api.ts';
import { BAD_ANSWERS, refusal } from '../../bad-inputs/crisp-answers.ts';
import { aSession } from '../../support/builders.ts';
import { failureOf, setUpCrisp, TOKEN } from '../../support/crisp-over-http.ts';

const session = aSession();
const readConversation = (crisp: CrispApi) => crisp.getConversation(session);
const readMessages = (crisp: CrispApi) => crisp.listMessages(session);

describe('what an answer means', () => {
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

  test('R13 a rejected token is told with what to check', async () => {
    const { crisp } = await setUpCrisp([refusal(401, 'invalid_session')]);

    const failure = await failureOf(readConversation(crisp));

    expect(failure.hint).toBe('token rejected; check tier (plugin/website) and rotation');
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
    ['0', 0],
    ['999999', MAX_RETRY_AFTER_MS],
    ['-1', undefined],
    ['banana', undefined],
    ['', undefined],
  ])('R18 Retry-After: %s is passed on as %s ms', async (value, retryAfterMs) => {
    const { crisp } = await setUpCrisp([
      { ...refusal(429, 'rate_limited'), headers: { 'retry-after': value } },
    ]);

    const failure = await failureOf(readConversation(crisp));

    expect(failure.retryAfterMs).toBe(retryAfterMs);
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
