import { expect, test } from 'vitest';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';
import { failureOf, setUpCrisp } from '../../support/crisp-over-http.ts';
import { createMemoryParameterStore } from '../../support/memory-parameter-store.ts';
import type { RecordedRequest } from '../../support/scripted-crisp.ts';

const session = aSession();
const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };

/** A Crisp that takes one token, and a parameter store that has one; either may be rolled. */
async function createScene() {
  const store = createMemoryParameterStore({
    CRISP_TOKEN_IDENTIFIER: 'identifier',
    CRISP_TOKEN_KEY: 'key-1',
  });
  let accepted = 'key-1';
  const answer = ({ headers }: RecordedRequest) => {
    const expected = `Basic ${Buffer.from(`identifier:${accepted}`).toString('base64')}`;
    return headers.authorization === expected
      ? { data: conversation }
      : { status: 401, body: '{"error":true,"reason":"invalid_session","data":{}}' };
  };
  const { crisp, server } = await setUpCrisp(answer, { secrets: store.secrets });
  return {
    store,
    requests: () => server.requests.length,
    read: () => crisp.getConversation(session),
    rollAtCrisp: (key: string) => {
      accepted = key;
    },
    enter: (key: string) => store.put('CRISP_TOKEN_KEY', key),
  };
}

test('a token that was rolled on both sides costs one request and fails nothing', async () => {
  const { store, read, requests, rollAtCrisp, enter } = await createScene();
  await read();
  await store.clock.advance(60_000);
  rollAtCrisp('key-2');
  enter('key-2');

  const answers = [await read(), await read()];

  expect(answers).toEqual([conversation, conversation]);
  expect(requests()).toBe(1 + 2 + 1);
});

test('many requests that meet the rolled token together share one look at the parameter store', async () => {
  const { store, read, rollAtCrisp, enter } = await createScene();
  await read();
  await store.clock.advance(60_000);
  const before = store.calls();
  rollAtCrisp('key-2');
  enter('key-2');

  const answers = await Promise.all(Array.from({ length: 10 }, read));

  expect(answers).toEqual(Array(10).fill(conversation));
  // The two halves of the token.
  expect(store.calls() - before).toBe(2);
});

test('where there is no newer token the request is not repeated, and the store is asked once a minute at most', async () => {
  const { store, read, requests, rollAtCrisp } = await createScene();
  await read();
  const before = store.calls();
  rollAtCrisp('key-2');

  const failures = [];
  for (let n = 0; n < 100; n += 1) {
    failures.push(await failureOf(read()));
    await store.clock.advance(1800);
  }

  expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['crisp_auth_failed']));
  expect(requests()).toBe(1 + 100);
  // Three minutes, the first of them just after a read: at 60 and 120 seconds, both halves.
  expect(store.calls() - before).toBe(2 * 2);
});

test('a token that is entered late is in use within a minute', async () => {
  const { store, read, rollAtCrisp, enter } = await createScene();
  await read();
  rollAtCrisp('key-2');
  await failureOf(read());
  enter('key-2');

  await store.clock.advance(60_000);

  expect(await read()).toEqual(conversation);
});

test('a store that does not answer after a rejection leaves the rejection as it is', async () => {
  const { store, read, rollAtCrisp } = await createScene();
  await read();
  rollAtCrisp('key-2');
  await store.clock.advance(60_000);
  store.fail(new Error('throttled'));

  expect(await failureOf(read())).toMatchObject({ code: 'crisp_auth_failed', status: 401 });
});
