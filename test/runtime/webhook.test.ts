import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { packageRepository, type RepositoryPackage } from '../package/template.ts';
import { aHookPayload, aHookRequest } from '../support/hooks.ts';
import { countSessions, receive } from './support/fronts.ts';
import { RUNTIME_CLIENT_MISSING, type RuntimeScene } from './support/runtime-api.ts';
import { measure, startRuntimeScene } from './support/scene.ts';

const REMAINING_MS = 10_000;
let packaged: RepositoryPackage;
let scene: RuntimeScene;

beforeAll(async () => {
  if (RUNTIME_CLIENT_MISSING === undefined) packaged = await packageRepository();
}, 60_000);

beforeEach(async ({ skip }) => {
  skip(RUNTIME_CLIENT_MISSING !== undefined, RUNTIME_CLIENT_MISSING);
  scene = await startRuntimeScene(packaged);
});

afterEach(async () => {
  await scene?.stop();
});

test('a signed hook is answered 202 and is in the queue, by a cold webhook and by a warm one', async () => {
  const webhook = await scene.start('webhook');
  const sessions = ['session_cold', 'session_warm', 'session_warmer'];

  const invocations = sessions.map((session) => ({ event: aHook(session), remainingMs: REMAINING_MS }));
  const responses = await measure('webhook', webhook, invocations);
  await scene.clock.advance(70_000);
  const queued = await receive(scene, 'sessions');

  expect(responses).toMatchObject(sessions.map(() => ({ statusCode: 202 })));
  expect(queued.map(({ Body = '' }) => JSON.parse(Body).sessionId).sort()).toEqual([...sessions].sort());
  expect(responses.map(toMessageId).sort()).toEqual(queued.map(({ MessageId }) => MessageId).sort());
});

test('a hook with another signature is refused, and nothing is queued', async () => {
  const webhook = await scene.start('webhook');
  const event = aHook('session_forged', { secret: 'whsec_of_somebody_else' });

  const response = await webhook.invoke(event, { remainingMs: REMAINING_MS });

  expect(response).toMatchObject({ statusCode: 401 });
  expect(await countSessions(scene)).toBe(0);
});

test('with a wrong configuration it starts all the same, and answers 503', async () => {
  const webhook = await scene.start('webhook', { SESSIONS_QUEUE_URL: undefined });

  const response = await webhook.invoke(aHook('session_a'), { remainingMs: REMAINING_MS });

  expect(response).toMatchObject({ statusCode: 503 });
  expect(webhook.output()).toContain('SESSIONS_QUEUE_URL');
});

test('every line that it prints is JSON, and none has a secret or what a visitor wrote', async () => {
  const webhook = await scene.start('webhook');
  const said = 'Is my parcel lost?';

  await webhook.invoke(aHook('session_a', { content: said }), { remainingMs: REMAINING_MS });
  await webhook.terminate();

  const lines = webhook.output().trim().split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  for (const canary of [...scene.secrets, said]) expect(webhook.output()).not.toContain(canary);
});

function aHook(session_id: string, { secret, ...data }: { secret?: string; content?: string } = {}) {
  const { websiteId: website_id, hookSecret } = scene.crisp;
  return aHookRequest({
    secret: secret ?? hookSecret,
    timestamp: String(systemClock.nowMs()),
    payload: aHookPayload({ website_id, session_id, ...data }, { website_id }),
  });
}

/** The id that the answer names, which is the queue's own. */
function toMessageId(response: unknown): string {
  // Lambda's form of an answer, which the test has looked at before.
  const { body } = response as { body: string };
  return JSON.parse(body).message_id;
}
