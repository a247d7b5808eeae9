import { expect, test } from 'vitest';
import { createWebhookUnderTest } from '../support/webhook-under-test.ts';

const unsigned = { headers: { 'x-crisp-signature': undefined, 'x-crisp-request-timestamp': undefined } };

test('W21 a key in base64 is accepted as it stands in the URL, and percent-encoded', async () => {
  const base64 = 'ab+cd/ef0123456789ghij0123456789abcdef==';
  const webhook = createWebhookUnderTest({ CRISP_HOOK_MODE: 'website', CRISP_HOOK_SECRETS: base64 });

  const verbatim = await webhook.deliver({ ...unsigned, query: `key=${base64}` });
  const encoded = await webhook.deliver({ ...unsigned, query: `key=${encodeURIComponent(base64)}` });

  expect([verbatim.status, encoded.status]).toEqual([202, 202]);
});
