import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test, vi } from 'vitest';
import { createWebhookHandler } from '../../lib/app/create-webhook-handler.ts';
import { parseWebhookConfig } from '../../lib/core/config/parse-webhook-config.ts';
import { captureOutput } from '../support/capture-output.ts';
import { aHookPayload, aHookRequest, HOOK_NOW_MS, type HookRequest } from '../support/hook-request.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const CANARY = 'C4N4RY';
const SECRET = `whsec_${CANARY}_9f1c7a52`;
const private_ = {
  content: `${CANARY} my card is 4111`,
  user: { nickname: CANARY, email: `${CANARY}@example.com` },
  ip: `${CANARY}`,
  url: `https://example.com/?token=${CANARY}`,
};

// What may hold private text goes through every outcome that the webhook has.
const requests: Record<string, HookRequest> = {
  queued: { payload: aHookPayload(private_) },
  'ignored for its event': { payload: aHookPayload(private_, { event: 'message:compose:send' }) },
  'refused for its shape': { payload: aHookPayload({ ...private_, session_id: undefined }) },
  'not JSON': { body: `{"content":"${CANARY}",}` },
  'not UTF-8': { body: Buffer.concat([Buffer.from(`{"content":"${CANARY}`), Buffer.from([0xff])]) },
  'too deep': { body: `{"content":"${CANARY}","a":${'['.repeat(100)}` },
  'badly signed': { payload: aHookPayload(private_), secret: `other-${CANARY}` },
  'of the other mode': { query: `key=${SECRET}`, headers: { 'x-crisp-signature': undefined } },
  'no base64': { body: `!!${CANARY}`, isBase64: true },
  stale: { timestamp: '1600000000' },
  'with odd types': {
    payload: aHookPayload({ ...private_, fingerprint: CANARY }),
    headers: { authorization: CANARY },
  },
};

for (const [title, request] of Object.entries(requests)) {
  test(`a delivery that is ${title} leaves no private text and no secret in the log, at any level`, async () => {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    const output = captureOutput();

    const reply = await deliver({ secret: SECRET, ...request });

    vi.unstubAllEnvs();
    expect(output.lines().length).toBeGreaterThanOrEqual(2);
    expect(output.text()).not.toContain(CANARY);
    expect(reply).not.toContain(CANARY);
  });
}

test('errors of SQS and defects quote what they were given, and the log does not', async () => {
  const output = captureOutput();

  await deliver({ secret: SECRET, payload: aHookPayload(private_) }, new Error(`${CANARY} in an error`));
  await deliver({ secret: SECRET, payload: aHookPayload(private_) }, `${CANARY} thrown as text`);

  expect(output.lines().length).toBeGreaterThanOrEqual(4);
  expect(output.text()).not.toContain(CANARY);
});

async function deliver(request: HookRequest, sqsFailure?: unknown): Promise<string> {
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  sqs.on(SendMessageCommand).callsFake(() => {
    if (sqsFailure !== undefined) throw sqsFailure;
    return { MessageId: 'message-1' };
  });
  const config = parseWebhookConfig({
    CRISP_HOOK_SECRETS: SECRET,
    SESSIONS_QUEUE_URL: 'https://sqs.example.com/sessions.fifo',
    LOG_LEVEL: 'debug',
  });
  const handler = createWebhookHandler(config, {
    secrets: { hookSecrets: async () => [SECRET], crispToken: async () => undefined },
    sqs: client,
    clock: createVirtualClock(HOOK_NOW_MS),
  });
  // The one field of it that the log takes.
  const { body = '' } = await handler(aHookRequest(request), { awsRequestId: 'request-1' } as Context);
  return body;
}
