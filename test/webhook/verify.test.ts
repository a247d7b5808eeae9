import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHookAge, parseHookTimestamp, signHook, verifySignature } from '../../lib/webhook/verify.ts';
import { createWebhookUnderTest, HOOK_SECRET } from '../support/hooks.ts';
import { createMemoryParameterStore } from '../support/parameters.ts';

describe('verify signature', () => {
  const anySecret = fc.string({ minLength: 1, maxLength: 40 });
  const anyTimestamp = fc.integer({ min: 1_000_000_000, max: 9_999_999_999 }).map(String);
  const anyBody = fc.uint8Array({ minLength: 1, maxLength: 300 });

  test('the signature is the one that the official clients make', () => {
    const body =
      '{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","event":"session:set_state","data":{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","session_id":"session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881","inbox_id":null,"state":"resolved"},"timestamp":1790856000100}';

    const signature = signHook('whsec_test', '1790856000123', Buffer.from(body));

    expect(signature).toBe('8bf06e8c6ba030f137d692cebf0b0e36a33fe613d7d30990d99ee1401f0623ba');
  });

  test('what was signed verifies, with whichever of the secrets', () => {
    fc.assert(
      fc.property(
        fc.array(anySecret, { minLength: 1, maxLength: 4 }),
        fc.nat(3),
        anyTimestamp,
        anyBody,
        (secrets, index, timestamp, body) => {
          const secret = secrets[index % secrets.length] ?? '';
          const signature = toBytes(signHook(secret, timestamp, body));

          expect(verifySignature({ signature, timestamp, body }, secrets)).toBe(true);
        },
      ),
    );
  });

  test('any one bit that is turned in body, timestamp or signature makes it fail', () => {
    fc.assert(
      fc.property(anySecret, anyTimestamp, anyBody, fc.nat(), (secret, timestamp, body, bit) => {
        const signature = toBytes(signHook(secret, timestamp, body));

        const tampered = [
          { signature, timestamp, body: turnBit(body, bit) },
          { signature: turnBit(signature, bit), timestamp, body },
          { signature, timestamp: turnBit(Buffer.from(timestamp), bit).toString('latin1'), body },
        ];

        for (const signed of tampered) expect(verifySignature(signed, [secret])).toBe(false);
      }),
    );
  });

  test('without secrets nothing verifies', () => {
    const signature = toBytes(signHook('', '1790856000', Buffer.from('{}')));
    expect(verifySignature({ signature, timestamp: '1790856000', body: Buffer.from('{}') }, [])).toBe(false);
  });

  function toBytes(hex: string): Buffer {
    return Buffer.from(hex, 'hex');
  }

  function turnBit(bytes: Uint8Array, bit: number): Buffer {
    const turned = Buffer.from(bytes);
    const at = Math.floor(bit / 8) % turned.length;
    turned[at] = (turned[at] ?? 0) ^ (1 << (bit % 8));
    return turned;
  }
});

describe('the moment of a hook', () => {
  test('seconds and milliseconds are told apart by their digits', () => {
    expect(parseHookTimestamp('1790856000')).toBe(1_790_856_000_000);
    expect(parseHookTimestamp('1790856000123')).toBe(1_790_856_000_123);
  });

  test.each([
    [3_600_000, undefined],
    [3_600_001, 'timestamp_too_old'],
    [-300_000, undefined],
    [-300_001, 'timestamp_in_future'],
  ])('of a hook %i ms old, where an hour is allowed: %s', (ageMs, code) => {
    const check = () => checkHookAge(1_790_856_000_000, 1_790_856_000_000 + ageMs, 3600);
    if (code) expect(check).toThrow(expect.objectContaining({ code }));
    else expect(check).not.toThrow();
  });
});

describe('webhook rotation', () => {
  const NEW_SECRET = 'whsec_0a1b2c3d4e5f6071';
  const FORGED = 'whsec_nobody-knows-this';

  function createScene(environment: Record<string, string> = {}) {
    const store = createMemoryParameterStore({ CRISP_HOOK_SECRETS: HOOK_SECRET });
    const webhook = createWebhookUnderTest(environment, store.secrets);
    return {
      store,
      webhook,
      deliver: async (secret: string) => (await webhook.deliver({ secret })).status ?? 0,
    };
  }

  test('a hook that is signed with a secret that was entered a moment ago is taken, a minute after the last read', async () => {
    const { store, deliver } = createScene();
    await deliver(HOOK_SECRET);
    store.put('CRISP_HOOK_SECRETS', NEW_SECRET);

    expect(await deliver(NEW_SECRET)).toBe(401);
    await store.clock.advance(60_000);
    expect(await deliver(NEW_SECRET)).toBe(202);
    expect(await deliver(NEW_SECRET)).toBe(202);
    expect(store.calls()).toBe(2);
  });

  test('a rotation in the middle of a stream refuses no hook, whichever of both secrets signs it', async () => {
    const { store, deliver } = createScene();
    const statuses = new Set<number>();

    for (let hook = 0; hook < 300; hook += 1) {
      if (hook === 100) store.put('CRISP_HOOK_SECRETS', `${HOOK_SECRET},${NEW_SECRET}`);
      if (hook === 200) store.put('CRISP_HOOK_SECRETS', NEW_SECRET);
      statuses.add(await deliver(hook < 120 ? HOOK_SECRET : NEW_SECRET));
      await store.clock.advance(1000);
    }

    expect([...statuses]).toEqual([202]);
  });

  test('a key of a website hook is renewed likewise', async () => {
    const { store, webhook } = createScene({ CRISP_HOOK_MODE: 'website' });
    const deliver = (query: string) =>
      webhook.deliver({
        query,
        headers: { 'x-crisp-signature': undefined, 'x-crisp-request-timestamp': undefined },
      });
    await deliver(`key=${HOOK_SECRET}`);
    store.put('CRISP_HOOK_SECRETS', NEW_SECRET);
    await store.clock.advance(60_000);

    expect((await deliver(`key=${NEW_SECRET}`)).status).toBe(202);
  });

  test('a thousand forged hooks a minute are one call to the parameter store, and none to SQS', async () => {
    const { store, webhook, deliver } = createScene();
    await deliver(HOOK_SECRET);
    const [before, sent] = [store.calls(), webhook.sqsCalls()];

    const statuses = new Set<number>();
    for (let hook = 0; hook < 1000; hook += 1) {
      statuses.add(await deliver(FORGED));
      await store.clock.advance(60);
    }
    statuses.add(await deliver(FORGED));

    expect([...statuses]).toEqual([401]);
    expect(store.calls() - before).toBe(1);
    expect(webhook.sqsCalls()).toBe(sent);
  });

  test('a thousand forged hooks at once are one call', async () => {
    const { store, deliver } = createScene();
    await deliver(HOOK_SECRET);
    await store.clock.advance(60_000);
    const before = store.calls();

    await Promise.all(Array.from({ length: 1000 }, () => deliver(FORGED)));

    expect(store.calls() - before).toBe(1);
  });

  test('a hook whose shape is wrong already is not worth a look at the secrets', async () => {
    const { store, webhook } = createScene();
    expect((await webhook.deliver({ headers: { 'x-crisp-signature': 'zz' } })).status).toBe(401);
    expect(store.calls()).toBe(0);
  });

  test('a forged hook at a cold instance is one call, the one that any hook costs', async () => {
    const { store, deliver } = createScene();
    expect([await deliver(FORGED), await deliver(FORGED)]).toEqual([401, 401]);
    expect(store.calls()).toBe(1);
  });

  test('while forgeries meet a store that throttles, genuine hooks are taken, also beyond the age of the secret', async () => {
    const { store, deliver } = createScene();
    await deliver(HOOK_SECRET);
    store.fail(Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }));

    const statuses = new Set<string>();
    for (let second = 0; second < 600; second += 1) {
      statuses.add(`${await deliver(FORGED)} ${await deliver(HOOK_SECRET)}`);
      await store.clock.advance(1000);
    }

    expect([...statuses]).toEqual(['401 202']);
  });

  test('a store that is away makes a forged hook no more and no less than forged', async () => {
    const { store, deliver } = createScene();
    await deliver(HOOK_SECRET);
    store.fail(new Error('throttled'));

    expect(await deliver(FORGED)).toBe(401);
    expect(await deliver(HOOK_SECRET)).toBe(202);
  });
});
