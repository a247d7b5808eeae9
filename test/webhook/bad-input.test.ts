import { Socket } from 'node:net';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { decodeJob } from '../../lib/queue/job.ts';
import { createWebhookHandler } from '../../lib/webhook/handler.ts';
import { HOOK_REFUSALS } from '../../lib/webhook/refusal.ts';
import { KEYED_HOOKS, UNVERIFIED_HOOKS, VERIFIED_HOOKS } from '../bad-inputs/hooks.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID, webhook as webhookConfig } from '../support/builders.ts';
import { captureOutput } from '../support/cli.ts';
import {
  aHookPayload,
  aHookRequest,
  createWebhookUnderTest,
  HOOK_NOW_MS,
  HOOK_SECRET,
  type HookRequest,
} from '../support/hooks.ts';
import {
  CANARY,
  EVERY_CANARY,
  EVERY_IDENTITY,
  findCanaries,
  HOSTILE_SESSION_IDS,
  HOSTILE_VALUES,
  hostileErrors,
} from '../support/hostile.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('webhook bad input', () => {
  const rows: typeof KEYED_HOOKS = [...UNVERIFIED_HOOKS, ...KEYED_HOOKS, ...VERIFIED_HOOKS];

  test.for(rows)(
    '%s %s is answered with %i %s, and nothing is called',
    async ([, , status, code, request, environment]) => {
      const webhook = createWebhookUnderTest(environment);
      const connect = vi.spyOn(Socket.prototype, 'connect');
      const answer = await webhook.deliver(request);

      if (status === 200) {
        expect(answer).toMatchObject({ status, reply: { status: 'ignored', code } });
        expect(webhook.telemetry.named('hook-ignored')).toMatchObject([{ code }]);
      } else {
        expect(answer).toMatchObject({ status, reply: { error: code, request_id: 'request-1' } });
        expect(Object.keys(answer.reply)).toEqual(['error', 'request_id']);
        expect(webhook.telemetry.named('hook-refused')).toMatchObject([{ code, status }]);
      }
      expect([webhook.sqsCalls(), connect.mock.calls.length]).toEqual([0, 0]);
    },
  );

  test('W1 whatever the method, the answer names POST and admits no other origin', async () => {
    for (const method of ['GET', 'OPTIONS', 'DELETE']) {
      const origin = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };

      const { headers } = await createWebhookUnderTest().deliver({ method, headers: origin });

      expect(headers).toMatchObject({ allow: 'POST' });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  const DETAILS: Readonly<Record<string, RegExp>> = {
    W5: /^body of \d+ bytes$/,
    W17: /tried #1\)/,
    W20: /^(86401|301) s (old|ahead), \d+ s are allowed$/,
    W22: /endpoint in (website|plugin) mode: see CRISP_HOOK_MODE$/,
    W31: /^like "[ -~]{0,200}"$/,
    W39: /^byte order mark at byte 0$/,
  };

  // Of W17 and W22, those that a signature, or a key, decides about.
  const detailed: typeof KEYED_HOOKS = [
    ...UNVERIFIED_HOOKS.filter(([row]) => row === 'W17'),
    ...VERIFIED_HOOKS.filter(([row]) => ['W20', 'W5', 'W31', 'W39'].includes(row)),
    ...KEYED_HOOKS.filter(([row]) => row === 'W22'),
  ];
  test.for(detailed)('%s of %s the log says what to look at', async ([row, , , , request, environment]) => {
    const webhook = createWebhookUnderTest(environment);
    await webhook.deliver(request);
    expect(webhook.telemetry.named('hook-refused')[0]?.detail).toMatch(DETAILS[row] ?? /^$/);
  });
});

describe('webhook total', () => {
  const IGNORED = ['unsupported_event', 'untriggered_event', 'no_session', 'unknown_website'];
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };

  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(...HOSTILE_SESSION_IDS, ...HOSTILE_VALUES),
    fc.string(),
  );
  const orOdd = <T>(values: readonly T[]) =>
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, odd);

  // Nearly always close to a real event, so that each step of the way in is reached.
  const payload = fc.record(
    {
      event: orOdd([
        'message:send',
        'message:updated',
        'session:set_state',
        'people:bind:session',
        'session:new',
      ]),
      website_id: orOdd([WEBSITE_ID, WEBSITE_ID.toUpperCase(), OTHER_WEBSITE_ID]),
      data: fc.oneof(
        fc.record(
          {
            website_id: orOdd([WEBSITE_ID]),
            session_id: orOdd(['session_abc', 'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881']),
            state: orOdd(['resolved']),
            fingerprint: odd,
            __proto__: odd,
          },
          { requiredKeys: [] },
        ),
        odd,
      ),
      timestamp: odd,
    },
    { requiredKeys: [] },
  );
  const json = payload.map((value) => JSON.stringify(value));
  const body = fc.oneof(
    { weight: 6, arbitrary: json },
    fc.tuple(json, fc.nat(), fc.string()).map(([text, at, piece]) => text.slice(0, at % text.length) + piece),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
  const headers = fc.dictionary(
    fc.constantFrom('content-type', 'x-delivery-attempt-count', 'x-crisp-hook-origin', 'content-encoding'),
    fc.oneof(fc.constantFrom('application/json', 'identity'), fc.string()),
  );

  test('whatever the bytes of a signed delivery, it is queued, ignored, or refused by a code; nothing is thrown', async () => {
    const webhook = createWebhookUnderTest({ CRISP_WEBSITE_IDS: WEBSITE_ID });
    const seen = new Set<string>();

    await fc.assert(
      fc.asyncProperty(body, headers, async (bytes, extra) => {
        const before = webhook.sqsCalls();

        const { status = 0, reply } = await webhook.deliver({ body: bytes, headers: extra });

        seen.add(reply.error ?? reply.code ?? reply.status);
        expect(webhook.sqsCalls() - before).toBe(status === 202 ? 1 : 0);
        if (status === 202) expect(reply).toEqual({ status: 'queued', message_id: 'message-1' });
        else if (status === 200) expect(IGNORED).toContain(reply.code);
        else expect(Object.entries(HOOK_REFUSALS)).toContainEqual([reply.error, status]);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 3000 },
    );

    // It got everywhere: a property that only ever met one refusal would say little.
    expect([...seen]).toEqual(
      expect.arrayContaining([
        ...[
          'queued',
          'unsupported_event',
          'unknown_website',
          'invalid_json',
          'invalid_utf8',
          'event_missing',
        ],
        ...['data_malformed', 'website_id_invalid', 'session_id_missing', 'session_id_invalid'],
      ]),
    );
  });

  test('what is queued is a job whose ids hold, whatever stood beside them', async () => {
    const webhook = createWebhookUnderTest();

    await fc.assert(
      fc.asyncProperty(json, async (text) => void (await webhook.deliver({ body: text }))),
      {
        numRuns: 1000,
      },
    );

    const bodies = webhook.sqs
      .commandCalls(SendMessageCommand)
      .map(({ args }) => args[0].input.MessageBody ?? '');
    expect(bodies.length).toBeGreaterThan(50);
    for (const queued of bodies) {
      const { job } = decodeJob(queued, { coalesce });
      expect(Object.keys(JSON.parse(queued)).sort()).toEqual(Object.keys({ v: 1, ...job }).sort());
      expect(job.websiteId).toMatch(/^[0-9a-f-]{36}$/);
      expect(job.sessionId).toMatch(/^session_[\w-]{1,64}$/);
    }
  });

  test('whatever an unsigned delivery holds, it is refused with 4xx, and costs no call', async () => {
    const request = fc.record({
      method: fc.constantFrom('POST', 'POST', 'GET', 'x'),
      path: fc.constantFrom('/webhook', '/webhook', '/', ''),
      query: fc.oneof(fc.string(), fc.constantFrom('key', 'key=&key=', 'key=%ff', `key=${HOOK_SECRET}`)),
      body,
      isBase64: fc.boolean(),
      headers: fc.dictionary(
        fc.constantFrom(
          'x-crisp-signature',
          'X-Crisp-Signature',
          'x-crisp-request-timestamp',
          'content-encoding',
        ),
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{63,65}$/), fc.constantFrom('1790856000', 'gzip')),
      ),
      secret: fc.constantFrom('whsec_of_nobody_at_all', ''),
    });
    const modes = fc.constantFrom('plugin', 'plugin', 'website');
    const webhooks = new Map(
      ['plugin', 'website'].map((mode) => [mode, createWebhookUnderTest({ CRISP_HOOK_MODE: mode })]),
    );

    await fc.assert(
      fc.asyncProperty(request, modes, async (delivery, mode) => {
        const { query = '', ...rest } = delivery;
        // In website mode that is the key.
        const asked = mode === 'website' ? { ...rest, query: query.replaceAll(HOOK_SECRET, 'x') } : delivery;
        const { status, reply } = (await webhooks.get(mode)?.deliver(aHookRequest(asked))) ?? {};

        expect(Object.entries(HOOK_REFUSALS)).toContainEqual([reply.error, status]);
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 3000 },
    );
    for (const webhook of webhooks.values()) expect(webhook.sqsCalls()).toBe(0);
  });
});

describe('webhook canary', () => {
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

        expect((await deliver({ payload }, { logLevel, hookSecrets })).reply).toContain('config_unavailable');
      });

      test.each(hostile)('when the function itself throws %s', async (_, thrown) => {
        expect((await deliver({ payload }, { logLevel, defect: thrown })).reply).toContain('unexpected');
      });
    },
  );

  test('a website hook is known by its key, which is in no log', async () => {
    const unsigned = { payload, headers: { 'x-crisp-signature': undefined } };
    const request = { ...unsigned, query: `key=${encodeURIComponent(SECRET)}` };

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
      webhookConfig({ CRISP_HOOK_SECRETS: SECRET, CRISP_HOOK_MODE: hookMode, LOG_LEVEL: logLevel }),
      {
        secrets: { hookSecrets, crispToken: async () => undefined, apiKeys: async () => [] },
        sqs: client,
        clock: createBrokenClock(circumstances.defect),
      },
    );

    const { body: reply = '', headers } = await handler(
      aHookRequest({ secret: SECRET, ...request }),
      CONTEXT,
    );

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
});
