import { Crisp } from 'crisp-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signHook } from '../../../lib/local/simulator/hooks/sign-hook.ts';
import { receiveHooks } from './support/receive-hooks.ts';
import { startSimulator } from './support/start-simulator.ts';

const official = new Crisp();

test('the signature of the known example is the one that the official client computes', () => {
  const body =
    '{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","event":"session:set_state","data":{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","session_id":"session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881","inbox_id":null,"state":"resolved"},"timestamp":1790856000100}';

  const signature = signHook('whsec_test', '1790856000123', body);

  expect(signature).toBe('8bf06e8c6ba030f137d692cebf0b0e36a33fe613d7d30990d99ee1401f0623ba');
  expect(official.verifyWidget('whsec_test', JSON.parse(body), 1790856000123, signature)).toBe(true);
});

test('the official client accepts the signature of any body, and none whose body, time or secret differs', () => {
  const secrets = fc.string({ minLength: 1 });
  const bodies = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
  const timestamps = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 });

  fc.assert(
    fc.property(secrets, bodies, timestamps, (secret, body, timestamp) => {
      const signature = signHook(secret, String(timestamp), JSON.stringify(body));

      return (
        official.verifyWidget(secret, body, timestamp, signature) &&
        !official.verifyWidget(secret, { ...body, more: 1 }, timestamp, signature) &&
        !official.verifyWidget(secret, body, timestamp + 1, signature) &&
        !official.verifyWidget(`${secret}x`, body, timestamp, signature)
      );
    }),
  );
});

test('a plugin hook carries the documented headers and a signature that the official client accepts', async () => {
  const { simulator, clock } = await startSimulator({ hookSecret: 'whsec_test' });
  const hooks = await receiveHooks();
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin', events: ['message:send'] });
  const session = simulator.startConversation();
  simulator.sendMessage(session, { content: 'La théière est cassée 😢' });
  await simulator.hooks.settled();

  const [hook] = hooks.received;

  expect(hook?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'Crisp-HooksDeliver 1.0 (+https://crisp.chat)',
    'x-crisp-hook-origin': expect.stringMatching(/^plugin\/rtm [0-9a-f]{16} production$/),
    'x-crisp-request-timestamp': String(clock.nowMs()),
    'x-delivery-attempt-limit': '5',
    'x-delivery-attempt-count': '1',
  });
  const body = JSON.parse(hook?.rawBody ?? '');
  const signature = String(hook?.headers['x-crisp-signature']);
  expect(official.verifyWidget('whsec_test', body, clock.nowMs(), signature)).toBe(true);
  expect(JSON.stringify(body)).toBe(hook?.rawBody);
});
