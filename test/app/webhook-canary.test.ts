import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createWebhookHandler } from '../../lib/app/create-webhook-handler.ts';
import { parseWebhookConfig } from '../../lib/core/config/parse-webhook-config.ts';
import { CANARY, EVERY_CANARY, EVERY_IDENTITY, findCanaries } from '../support/canaries.ts';
import { captureOutput } from '../support/capture-output.ts';
import { aHookPayload, aHookRequest, HOOK_NOW_MS, type HookRequest } from '../support/hook-request.ts';
import { hostileErrors } from '../support/hostile-errors.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const SECRET = CANARY.hookSecret;
const LEVELS = ['debug', 'info', 'warn', 'error'];
// The one field of it that the log takes.
const CONTEXT = { awsRequestId: 'request-1' } as Context;
const hostile = Object.entries(hostileErrors(EVERY_CANARY));

const private_ = {
  content: EVERY_CANARY,
  user: { nickname: CANARY.content, email: CANARY.email, phone: CANARY.phone },
  ip: CANARY.ip,
  url: `https://example.com/?${CANARY.query}`,
};
const payload = aHookPayload(private_);
const text = JSON.stringify(payload);

// What may hold private text goes through every outcome that the webhook has.
const requests: Readonly<Record<string, HookRequest>> = {
  queued: { payload },
  'ignored for its event': { payload: aHookPayload(private_, { event: 'message:compose:send' }) },
  'of an event that is a secret': { payload: aHookPayload(private_, { event: SECRET }) },
  'refused for its shape': { payload: aHookPayload({ ...private_, session_id: undefined }) },
  'for what is no session': { payload: aHookPayload({ ...private_, session_id: EVERY_CANARY }) },
  'for what is no website': { payload: aHookPayload({ ...private_, website_id: EVERY_CANARY }) },
  'no object': { payload: EVERY_CANARY },
  'not JSON': { body: `${text},` },
  'not UTF-8': { body: Buffer.concat([Buffer.from(text), Buffer.from([0xff])]) },
  'too deep': { body: `{"content":"${CANARY.content}","a":${'['.repeat(100)}` },
  'badly signed': { payload, secret: `other-${SECRET}` },
  'signed with the secret itself': { payload, headers: { 'x-crisp-signature': SECRET } },
  'at a moment that is a secret': { payload, headers: { 'x-crisp-request-timestamp': SECRET } },
  'of the other mode': { query: `key=${SECRET}`, headers: { 'x-crisp-signature': undefined } },
  'no base64': { body: `!!${EVERY_CANARY}`, isBase64: true },
  stale: { timestamp: '1600000000' },
  'elsewhere, by its path': { path: `/${CANARY.tokenKey}/${CANARY.email}`, query: CANARY.query },
  'of another method': { method: CANARY.tokenKey },
  compressed: { headers: { 'content-encoding': EVERY_CANARY } },
  'with odd types': {
    payload: aHookPayload({ ...private_, fingerprint: EVERY_CANARY }),
    headers: { authorization: EVERY_CANARY, cookie: EVERY_CANARY, 'x-forwarded-for': CANARY.ip },
  },
  'with headers that name somebody': {
    payload,
    headers: { 'content-type': EVERY_IDENTITY, 'x-delivery-attempt-count': EVERY_IDENTITY },
  },
  'with headers that are a secret': {
    payload,
    headers: { 'content-type': SECRET, 'x-delivery-attempt-count': `${'9'.repeat(30)} ${SECRET}` },
  },
};

describe.each(LEVELS)(
  'at the level %s, no private text and no secret is in log, reply or queue',
  (logLevel) => {
    test.each(Object.entries(requests))('of a delivery that is %s', async (_, request) => {
      const { output, reply } = await deliver(request, { logLevel });

      // The metrics, at least; and what is said at the lowest level.
      expect(output.length).toBeGreaterThanOrEqual(logLevel === 'debug' ? 2 : 1);
      expect(reply).toMatch(/"(status|error)":/);
    });

    test.each(hostile)('when SQS throws %s', async (_, thrown) => {
      const { reply } = await deliver({ payload }, { logLevel, sqsFailure: thrown });

      expect(reply).toContain('queue_unavailable');
    });

    test.each(hostile)('when the secrets cannot be read for %s', async (_, thrown) => {
      const hookSecrets = async () => {
        throw thrown();
      };

      const { reply } = await deliver({ payload }, { logLevel, hookSecrets });

      expect(reply).toContain('config_unavailable');
    });

    test.each(hostile)('when the function itself throws %s', async (_, thrown) => {
      const { reply } = await deliver({ payload }, { logLevel, defect: thrown });

      expect(reply).toContain('unexpected');
    });
  },
);

test('a website hook is known by its key, which is in no log', async () => {
  const request = {
    payload,
    query: `key=${encodeURIComponent(SECRET)}`,
    headers: { 'x-crisp-signature': undefined },
  };

  const right = await deliver(request, { hookMode: 'website' });
  const wrong = await deliver({ ...request, query: `key=${SECRET}x` }, { hookMode: 'website' });

  expect(right.reply).toContain('queued');
  expect(wrong.reply).toContain('key_mismatch');
});

interface Circumstances {
  readonly logLevel?: string;
  readonly hookMode?: string;
  readonly hookSecrets?: () => Promise<readonly string[]>;
  readonly sqsFailure?: () => unknown;
  readonly defect?: () => unknown;
}

/** Delivers a hook, in an environment that asks for the most, and looks for canaries in all that comes out of it. */
async function deliver(request: HookRequest, circumstances: Circumstances) {
  const { logLevel = 'debug', hookMode = 'plugin', hookSecrets = async () => [SECRET] } = circumstances;
  vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  const output = captureOutput();
  const { client, sent } = createSqs(circumstances.sqsFailure);
  const handler = createWebhookHandler(
    parseWebhookConfig({
      CRISP_HOOK_SECRETS: SECRET,
      CRISP_HOOK_MODE: hookMode,
      SESSIONS_QUEUE_URL: 'https://sqs.example.com/sessions.fifo',
      LOG_LEVEL: logLevel,
    }),
    {
      secrets: { hookSecrets, crispToken: async () => undefined },
      sqs: client,
      clock: createBrokenClock(circumstances.defect),
    },
  );

  const { body: reply = '', headers } = await handler(aHookRequest({ secret: SECRET, ...request }), CONTEXT);

  const said = [output.text(), reply, JSON.stringify(headers), JSON.stringify(sent())];
  expect(said.flatMap(findCanaries)).toEqual([]);
  return { output: output.lines(), reply };
}

function createSqs(failure: (() => unknown) | undefined) {
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  sqs.on(SendMessageCommand).callsFake(() => {
    if (failure) throw failure();
    return { MessageId: 'message-1' };
  });
  return { client, sent: () => sqs.calls().map(({ args }) => args[0].input) };
}

function createBrokenClock(defect: (() => unknown) | undefined) {
  const clock = createVirtualClock(HOOK_NOW_MS);
  const nowMs = () => {
    if (defect) throw defect();
    return clock.nowMs();
  };
  return { ...clock, nowMs };
}
