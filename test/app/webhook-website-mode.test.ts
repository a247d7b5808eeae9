import { expect, test } from 'vitest';
import { aHookPayload, HOOK_SECRET, type HookRequest } from '../support/hook-request.ts';
import { createWebhookUnderTest } from '../support/webhook-under-test.ts';

const SIGNATURE = 'x-crisp-signature';
const TIMESTAMP = 'x-crisp-request-timestamp';
const key = HOOK_SECRET;
const unsigned = { headers: { [SIGNATURE]: undefined, [TIMESTAMP]: undefined } };
const keyed: readonly (readonly [title: string, code: string, request: HookRequest])[] = [
  ['no key', 'key_missing', unsigned],
  ['an empty key', 'key_missing', { ...unsigned, query: 'key=' }],
  ['a key of another name', 'key_missing', { ...unsigned, query: `secret=${key}` }],
  ['the key in the body', 'key_missing', { ...unsigned, payload: aHookPayload({ key }, { key }) }],
  ['a wrong key', 'key_mismatch', { ...unsigned, query: `key=${key}x` }],
  ['the beginning of the key', 'key_mismatch', { ...unsigned, query: `key=${key.slice(0, -1)}` }],
  ['the key twice', 'key_ambiguous', { ...unsigned, query: `key=${key}&key=${key}` }],
  ['a signed plugin hook', 'hook_mode_mismatch', {}],
];

for (const [title, code, request] of keyed) {
  test(`in website mode ${title} is refused with 401 ${code}, and SQS is not called`, async () => {
    const webhook = createWebhookUnderTest({ CRISP_HOOK_MODE: 'website' });

    const answer = await webhook.deliver(request);

    expect(answer).toMatchObject({ status: 401, reply: { error: code } });
    expect(webhook.sqsCalls()).toBe(0);
  });
}

test('in website mode a key in base64 is accepted as it stands in the URL, and percent-encoded', async () => {
  const base64 = 'ab+cd/ef0123456789gh==';
  const webhook = createWebhookUnderTest({ CRISP_HOOK_MODE: 'website', CRISP_HOOK_SECRETS: base64 });

  const verbatim = await webhook.deliver({ ...unsigned, query: `key=${base64}` });
  const encoded = await webhook.deliver({ ...unsigned, query: `key=${encodeURIComponent(base64)}` });

  expect([verbatim.status, encoded.status]).toEqual([202, 202]);
});
