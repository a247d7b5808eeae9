import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { describe, expect, test, vi } from 'vitest';
import type { Environment } from '../../lib/config/config.ts';
import { VERSION } from '../../lib/ids.ts';
import { startWebhook, toAcceptedResponse, toRefusedResponse } from '../../lib/webhook/handler.ts';
import { HOOK_REFUSALS, type HookRefusalCode, HookRefusedError } from '../../lib/webhook/refusal.ts';
import { WEBSITE_ID } from '../support/builders.ts';
import { captureOutput } from '../support/cli.ts';
import {
  aHookPayload,
  aHookRequest,
  createWebhookUnderTest,
  HOOK_NOW_MS,
  HOOK_SECRET,
  type HookRequest,
  QUEUE_URL,
} from '../support/hooks.ts';

describe('function url', () => {
  // The keys of the table are its codes.
  const codes = Object.keys(HOOK_REFUSALS) as HookRefusalCode[];

  test.each(codes)('the reply of %s is its status, its code and the request id, and nothing else', (code) => {
    const cause = new Error('canary-cause');
    const refusal = new HookRefusedError(code, 'canary-detail: secret #2 of 3', { cause });

    const reply = toRefusedResponse(refusal, 'request-1');

    expect(reply).toEqual({
      statusCode: HOOK_REFUSALS[code],
      headers: {
        'content-type': 'application/json',
        ...(code === 'method_not_allowed' && { allow: 'POST' }),
        ...(reply.statusCode === 503 && { 'retry-after': '5' }),
      },
      body: JSON.stringify({ error: code, request_id: 'request-1' }),
    });
  });

  test('no reply tells the version, a stack, or which secret it was', () => {
    const replies = [
      ...codes.map((code) => toRefusedResponse(new HookRefusedError(code, 'secret #2'), 'request-1')),
      toAcceptedResponse({ outcome: 'queued', messageId: 'message-1' }),
      toAcceptedResponse({ outcome: 'ignored', code: 'no_session' }),
    ];

    expect(JSON.stringify(replies)).not.toMatch(/\bat .*\.ts|#2|crisp-enrich|access-control/);
    expect(JSON.stringify(replies)).not.toContain(VERSION);
  });
});

describe('create webhook handler', () => {
  const CURRENT = `,${'b'.repeat(16)}`;

  test('a signed event is answered with 202 and the id that SQS gave its message', async () => {
    const webhook = createWebhookUnderTest();

    const answer = await webhook.deliver();

    expect(answer).toMatchObject({ status: 202, reply: { status: 'queued', message_id: 'message-1' } });
    expect(webhook.telemetry.named('session-enqueued')).toMatchObject([
      { messageId: 'message-1', sequenceNumber: '18849496460467696128', mode: 'incremental' },
    ]);
  });

  test('the queue message has ids, a mode and two moments, and nothing else', async () => {
    const webhook = createWebhookUnderTest();

    await webhook.deliver();

    const [call] = webhook.sqs.commandCalls(SendMessageCommand);
    const { MessageBody = '', ...input } = call?.args[0].input ?? {};
    const sessionId = 'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881';
    expect(input).toEqual({
      QueueUrl: QUEUE_URL,
      MessageGroupId: `${WEBSITE_ID}:${sessionId}`,
      MessageDeduplicationId: `60:1790856000000:${WEBSITE_ID}:${sessionId}`,
    });
    expect(JSON.parse(MessageBody)).toEqual({
      v: 1,
      websiteId: WEBSITE_ID,
      sessionId,
      mode: 'incremental',
      bucketMs: 1_790_856_000_000,
      notBeforeMs: 1_790_856_070_000,
    });
  });

  const odd: readonly (readonly [title: string, request: HookRequest, environment?: Environment])[] = [
    ['W14 a signature in capitals', toUpperCaseSignature()],
    ['W42 header names in capitals', { headers: toUpperCaseNames() }],
    ['a timestamp in seconds', { timestamp: '1790856000' }],
    ['W20 a timestamp five minutes ahead', { timestamp: String(HOOK_NOW_MS + 300_000) }],
    ['W20 a timestamp a day old', { timestamp: String(HOOK_NOW_MS - 86_400_000) }],
    ['W10 a body in base64', { body: Buffer.from(JSON.stringify(aHookPayload())) }],
    ['W7 a body of exactly 256 KiB', { body: padTo(256 * 1024) }],
    ['W9 the identity encoding', { headers: { 'content-encoding': 'identity' } }],
    ['W26 a website_id in data alone', { payload: aHookPayload({}, { website_id: undefined }) }],
    ['W26 a website_id in the envelope alone', { payload: aHookPayload({ website_id: undefined }) }],
    ['a website_id in capitals', { payload: aHookPayload({ website_id: WEBSITE_ID.toUpperCase() }) }],
    ['W41 a timestamp in the body that is text', { payload: aHookPayload({}, { timestamp: 'yesterday' }) }],
    ['W41 a timestamp in the body that is 0', { payload: aHookPayload({}, { timestamp: 0 }) }],
    ['W41 a timestamp in the year 9999', { payload: aHookPayload({}, { timestamp: 253_402_300_799_000 }) }],
    [
      'W40 half a surrogate pair and forbidden characters',
      { payload: aHookPayload({ content: '\ud800 \uffff \0' }) },
    ],
    [
      'the last of four secrets',
      { secret: 'b'.repeat(16) },
      { CRISP_HOOK_SECRETS: `${HOOK_SECRET},${'c'.repeat(16)},${'d'.repeat(16)}${CURRENT}` },
    ],
    ['the first of two secrets', {}, { CRISP_HOOK_SECRETS: `${HOOK_SECRET}${CURRENT}` }],
    ['W27 an allowed website', {}, { CRISP_WEBSITE_IDS: WEBSITE_ID }],
    [
      'the key of a website hook',
      { query: `key=${HOOK_SECRET}`, headers: { 'x-crisp-signature': undefined } },
      { CRISP_HOOK_MODE: 'website' },
    ],
  ];

  test.for(odd)('%s is no reason to refuse an event', async ([, request, environment]) => {
    const webhook = createWebhookUnderTest(environment);
    expect((await webhook.deliver(request)).status).toBe(202);
    expect(webhook.sqsCalls()).toBe(1);
    expect(webhook.telemetry.named('hook-warning')).toEqual([]);
  });

  const suspicious: readonly (readonly [title: string, code: string, request: HookRequest])[] = [
    ['W6 no content type', 'content_type', { headers: { 'content-type': undefined } }],
    ['W6 a form', 'content_type', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [
      'W43 an attempt count that is no number',
      'attempt_count',
      { headers: { 'x-delivery-attempt-count': 'banana' } },
    ],
    ...[2 ** 53, 1.5, -1, '179085600012345', null].map(
      (fingerprint) =>
        [
          `W37 the fingerprint ${JSON.stringify(fingerprint)}`,
          'fingerprint_unsafe',
          { payload: aHookPayload({ fingerprint }) },
        ] as const,
    ),
  ];

  test.each(suspicious)('%s is accepted with the warning %s', async (_title, code, request) => {
    const webhook = createWebhookUnderTest();
    expect((await webhook.deliver(request)).status).toBe(202);
    expect(webhook.telemetry.named('hook-warning')).toMatchObject([{ code }]);
  });

  test('W33 keys that name a prototype are data like any other', async () => {
    const webhook = createWebhookUnderTest();
    const body = JSON.stringify(aHookPayload()).replace(
      '{',
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
    );

    expect((await webhook.deliver({ body })).status).toBe(202);
    expect('polluted' in {}).toBe(false);
  });

  test('W36 of a key that comes twice the last one counts, and the signature covers both', async () => {
    const webhook = createWebhookUnderTest();
    const body = JSON.stringify(aHookPayload()).replace(
      '"session_id":',
      '"session_id":"session_first","session_id":',
    );

    await webhook.deliver({ body });

    expect(webhook.telemetry.named('session-enqueued')[0]?.sessionId).toMatch(/^session_700c65e1/);
  });

  test.each(['fails', 'answers without a message id'])(
    'an SQS that %s is answered with 503 and Retry-After',
    async (how) => {
      const webhook = createWebhookUnderTest();
      const send = webhook.sqs.on(SendMessageCommand);
      if (how === 'fails') send.rejects(new Error('throttled'));
      else send.resolves({});
      const answer = await webhook.deliver();

      expect(answer).toMatchObject({ status: 503, reply: { error: 'queue_unavailable' } });
      expect(answer.headers).toMatchObject({ 'retry-after': '5' });
    },
  );

  test('an SQS that does not answer is given up after three seconds', async () => {
    const webhook = createWebhookUnderTest();
    webhook.sqs.on(SendMessageCommand).callsFake(() => new Promise(() => undefined));
    const answers: unknown[] = [];

    const delivered = webhook.deliver().then((answer) => answers.push(answer));
    await webhook.clock.advance(2999);
    expect(answers).toEqual([]);
    await webhook.clock.advance(1);
    await delivered;

    expect(answers).toMatchObject([{ status: 503, reply: { error: 'queue_unavailable' } }]);
  });

  const withSecrets = (hookSecrets: () => Promise<readonly string[]>) =>
    createWebhookUnderTest({}, { hookSecrets, crispToken: async () => undefined, apiKeys: async () => [] });

  test.each<[string, () => Promise<readonly string[]>]>([
    ['do not exist yet', async () => []],
    ['cannot be read', async () => Promise.reject(new Error('AccessDenied'))],
  ])(
    'while the secrets %s a signed hook is answered with 503, never believed',
    async (_title, hookSecrets) => {
      const webhook = withSecrets(hookSecrets);
      const answer = await webhook.deliver();

      expect(answer).toMatchObject({ status: 503, reply: { error: 'config_unavailable' } });
      expect(answer.headers).toMatchObject({ 'retry-after': '5' });
      expect(webhook.sqsCalls()).toBe(0);
    },
  );

  test('a request without a credential does not reach the secrets', async () => {
    const hookSecrets = vi.fn(async () => [HOOK_SECRET]);
    await withSecrets(hookSecrets).deliver({ headers: { 'x-crisp-signature': undefined } });
    expect(hookSecrets).not.toHaveBeenCalled();
  });

  test('an event that is no request at all is answered with 500, and the log says where', async () => {
    const webhook = createWebhookUnderTest();

    // Somebody can invoke a function with anything.
    const answer = await webhook.deliver({ rawPath: '/webhook' } as LambdaFunctionURLEvent);

    expect(answer).toMatchObject({ status: 500, reply: { error: 'unexpected' } });
    expect(webhook.telemetry.named('hook-refused')).toMatchObject([
      { code: 'unexpected', detail: expect.stringMatching(/^TypeError at toHookDelivery/) },
    ]);
  });

  test('the log names which secrets were tried by their place, and shows ids from outside as a shape alone', async () => {
    const webhook = createWebhookUnderTest({ CRISP_HOOK_SECRETS: `${HOOK_SECRET}${CURRENT}` });

    await webhook.deliver({ secret: 'whsec_of_development' });
    await webhook.deliver({ payload: aHookPayload({ session_id: `ada.lovelace@example.com\u202e` }) });

    const [mismatch, invalid] = webhook.telemetry.named('hook-refused');
    expect(mismatch?.detail).toContain('#1, #2');
    expect(invalid?.detail).toMatch(/^like "/);
    expect(invalid?.detail).not.toMatch(/ada|lovelace|example|\u202e/);
  });

  function toUpperCaseSignature(): HookRequest {
    const signature = String(aHookRequest().headers['x-crisp-signature']).toUpperCase();
    return { headers: { 'x-crisp-signature': signature } };
  }

  function toUpperCaseNames(): Record<string, string | undefined> {
    const { headers } = aHookRequest();
    return Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) => [
        [name, undefined],
        [name.toUpperCase(), value],
      ]),
    );
  }

  function padTo(length: number): string {
    const rest = length - JSON.stringify(aHookPayload({ content: '' })).length;
    return JSON.stringify(aHookPayload({ content: 'a'.repeat(rest) }));
  }
});

describe('start webhook', () => {
  // The one field of it that the log takes.
  const context = { awsRequestId: 'request-1' } as Context;

  test('a function whose configuration is wrong answers 503 to everything, and its log says what to mend', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'crisp-enrich-test-webhook');
    vi.stubEnv('COALESCE_SECONDS', 'a minute');
    const output = captureOutput();

    const { statusCode, headers, body } = await startWebhook()(aHookRequest(), context);

    vi.unstubAllEnvs();
    expect({ statusCode, headers }).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
    expect(JSON.parse(body ?? '')).toEqual({ error: 'config_unavailable', request_id: 'request-1' });
    expect(output.text()).toContain('COALESCE_SECONDS: expected a whole number from 1 to 300');
    expect(output.text()).toContain('CRISP_SECRETS_PATH');
  });
});

describe('webhook website mode', () => {
  const unsigned = { headers: { 'x-crisp-signature': undefined, 'x-crisp-request-timestamp': undefined } };

  test('W21 a key in base64 is accepted as it stands in the URL, and percent-encoded', async () => {
    const base64 = 'ab+cd/ef0123456789ghij0123456789abcdef==';
    const webhook = createWebhookUnderTest({ CRISP_HOOK_MODE: 'website', CRISP_HOOK_SECRETS: base64 });

    const verbatim = await webhook.deliver({ ...unsigned, query: `key=${base64}` });
    const encoded = await webhook.deliver({ ...unsigned, query: `key=${encodeURIComponent(base64)}` });

    expect([verbatim.status, encoded.status]).toEqual([202, 202]);
  });
});
