import { SendMessageCommand } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOOK_REFUSALS } from '../../lib/core/errors/hook-refused-error.ts';
import { decodeJob } from '../../lib/core/job/decode-job.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { aHookRequest, HOOK_SECRET } from '../support/hook-request.ts';
import { HOSTILE_SESSION_IDS, HOSTILE_VALUES } from '../support/hostile-ids.ts';
import { createWebhookUnderTest } from '../support/webhook-under-test.ts';

const IGNORED = ['unsupported_event', 'untriggered_event', 'no_session', 'unknown_website'];
const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };

const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(...HOSTILE_SESSION_IDS, ...HOSTILE_VALUES), fc.string());
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
      ...['queued', 'unsupported_event', 'unknown_website', 'invalid_json', 'invalid_utf8', 'event_missing'],
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
  const webhook = createWebhookUnderTest();

  await fc.assert(
    fc.asyncProperty(request, async (delivery) => {
      const { status, reply } = await webhook.deliver(aHookRequest(delivery));

      expect(Object.entries(HOOK_REFUSALS)).toContainEqual([reply.error, status]);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }),
    { numRuns: 2000 },
  );
  expect(webhook.sqsCalls()).toBe(0);
});
