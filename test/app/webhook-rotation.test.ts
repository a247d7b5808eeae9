import { expect, test } from 'vitest';
import { HOOK_SECRET } from '../support/hook-request.ts';
import { createMemoryParameterStore } from '../support/memory-parameter-store.ts';
import { createWebhookUnderTest } from '../support/webhook-under-test.ts';

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

  const { status } = await webhook.deliver({ headers: { 'x-crisp-signature': 'zz' } });

  expect(status).toBe(401);
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
