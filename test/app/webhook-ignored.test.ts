import { expect, test } from 'vitest';
import { OTHER_WEBSITE_ID } from '../support/builders.ts';
import { aHookPayload, type HookRequest } from '../support/hook-request.ts';
import { createWebhookUnderTest } from '../support/webhook-under-test.ts';

const ignored: readonly (readonly [
  title: string,
  code: string,
  request: HookRequest,
  environment?: Record<string, string>,
])[] = [
  [
    'an event that Crisp does not have',
    'unsupported_event',
    { payload: aHookPayload({}, { event: 'conversation:created' }) },
  ],
  [
    'an event name of 10 KB',
    'unsupported_event',
    { payload: aHookPayload({}, { event: 'e'.repeat(10_000) }) },
  ],
  [
    'an event that is not among the triggers',
    'untriggered_event',
    { payload: aHookPayload({}, { event: 'message:compose:send' }) },
  ],
  [
    'an event of people without a session',
    'no_session',
    { payload: aHookPayload({ session_id: undefined }, { event: 'people:profile:updated' }) },
  ],
  ['a website that is not allowed', 'unknown_website', {}, { CRISP_WEBSITE_IDS: OTHER_WEBSITE_ID }],
];

for (const [title, code, request, environment] of ignored) {
  test(`${title} is answered with 200 ignored ${code}, and SQS is not called`, async () => {
    const webhook = createWebhookUnderTest(environment);

    const answer = await webhook.deliver(request);

    expect(answer).toMatchObject({ status: 200, reply: { status: 'ignored', code } });
    expect(webhook.sqsCalls()).toBe(0);
    expect(webhook.telemetry.named('hook-ignored')).toMatchObject([{ code }]);
  });
}
