import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import type { SessionRef } from '../../lib/core/ids.ts';
import type { EnrichedRecord } from '../../lib/core/record/schema.ts';
import type { Switches } from '../../lib/local/simulator/switches.ts';
import { aSession, OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import {
  type LocalScene,
  type LocalSceneOptions,
  simulatorOf,
  startLocalScene,
} from '../support/start-local-scene.ts';

// The tests wait for queues most of the time, so they run beside each other, each in a local mode of its own.
type StopLater = (stop: () => Promise<void>) => void;

async function start(onTestFinished: StopLater, options: LocalSceneOptions = {}): Promise<LocalScene> {
  const scene = await startLocalScene(options);
  onTestFinished(scene.stop);
  return scene;
}

/** What the simulator itself holds, in the order of a record: by timestamp, then fingerprint. */
function truth(of: LocalScene, session: SessionRef) {
  const { messages = [] } = simulatorOf(of).readConversation(session) ?? {};
  const inOrder = messages.toSorted((a, b) => a.timestamp - b.timestamp || a.fingerprint - b.fingerprint);
  return inOrder.map(({ fingerprint }) => fingerprint);
}

function fingerprints(record: EnrichedRecord | undefined) {
  return record?.messages.map((message) => (message as { fingerprint: number }).fingerprint);
}

// What is not known of Crisp's pages: each of these servers follows what is.
const PAGING: readonly (readonly [
  title: string,
  switches: Partial<Switches>,
  equalTimestampsEvery: number,
])[] = [
  ['pages of 7, an inclusive cursor', { messagesPageSize: 7, timestampBoundary: 'inclusive' }, 0],
  ['pages of 20, a strict cursor', { messagesPageSize: 20, timestampBoundary: 'strict' }, 0],
  ['equal timestamps across every page edge', { messagesPageSize: 20, timestampBoundary: 'strict' }, 20],
  ['the same with an inclusive cursor', { messagesPageSize: 20, timestampBoundary: 'inclusive' }, 20],
  ['pages of 20 and a 200 on every one', { messagesPageSize: 20, messagesStatus: 'always-200' }, 0],
];

describe.concurrent('a signed hook in, a complete record out', () => {
  test('five hooks of a burst become one record with the whole conversation', async ({ onTestFinished }) => {
    const scene = await start(onTestFinished);
    const [session] = simulatorOf(scene).seedConversations({ conversations: 1, messages: 30 });
    if (!session) throw new Error('no session');

    const statuses = await Promise.all(Array.from({ length: 5 }, () => scene.hook(session)));
    const [record] = await scene.receiveRecords(1);

    expect(statuses).toEqual([202, 202, 202, 202, 202]);
    expect(record).toMatchObject({
      session_id: session.sessionId,
      website_id: session.websiteId,
      kind: 'conversation.enriched',
    });
    expect(fingerprints(record)).toEqual(truth(scene, session));
    expect(simulatorOf(scene).counters.ofSession(session)['GET conversation']).toBeLessThanOrEqual(2);
  });

  test.for(PAGING)(
    'all 100 messages arrive, in order and none twice: %s',
    async ([, switches, equalTimestampsEvery], { onTestFinished }) => {
      const scene = await start(onTestFinished);
      const simulator = simulatorOf(scene);
      for (const [name, position] of Object.entries(switches)) simulator.setSwitch(name, position);
      const [session] = simulator.seedConversations({
        conversations: 1,
        messages: 100,
        equalTimestampsEvery,
      });
      if (!session) throw new Error('no session');

      await scene.hook(session);
      const [record] = await scene.receiveRecords(1);

      expect(fingerprints(record)).toEqual(truth(scene, session));
      expect(record?.metrics.messages).toBe(100);
    },
  );

  test('a queue without its delay causes no early fetch: the message is deferred, then fetched', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished, { env: { COALESCE_SECONDS: '2' } });
    const [session] = simulatorOf(scene).seedConversations({ conversations: 1, messages: 2 });
    if (!session) throw new Error('no session');
    const { clients, resources } = scene.mode.aws;
    const Attributes = { DelaySeconds: '0' };
    await clients.sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: resources.queues.sessions, Attributes }),
    );

    await scene.hook(session);
    const [record] = await scene.receiveRecords(1);

    expect(scene.shown.join('')).toMatch(/defer .* not_due/);
    expect(fingerprints(record)).toEqual(truth(scene, session));
  });

  test('two websites that hold the same session id give two records, never mixed', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished, {
      env: { CRISP_WEBSITE_IDS: `${WEBSITE_ID},${OTHER_WEBSITE_ID}` },
    });
    const sessions = [aSession('session_shared', WEBSITE_ID), aSession('session_shared', OTHER_WEBSITE_ID)];
    for (const session of sessions) {
      simulatorOf(scene).startConversation(session);
      simulatorOf(scene).sendMessage(session);
    }

    for (const session of sessions) await scene.hook(session);
    const records = await scene.receiveRecords(2);

    for (const session of sessions) {
      const own = records.filter((record) => record.website_id === session.websiteId);
      expect(own.map(fingerprints)).toEqual([truth(scene, session)]);
    }
  });
});

describe.concurrent('what fails is told and kept', () => {
  test('a poison message ends in the dead-letter queue with its reason shown, and harms nobody', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished);
    const [session] = simulatorOf(scene).seedConversations({ conversations: 1, messages: 2 });
    if (!session) throw new Error('no session');

    await scene.enqueue('not a job');
    await scene.hook(session);
    const [record] = await scene.receiveRecords(1);
    const dead = await scene.receiveFrom(scene.mode.health.queues['sessions-dlq']);

    expect(record?.session_id).toBe(session.sessionId);
    expect(dead.Body).toBe('not a job');
    expect(scene.shown.join('')).toContain('malformed_message');
  });

  test('another producer asks for a conversation with two ids alone', async ({ onTestFinished }) => {
    const scene = await start(onTestFinished);
    const [session] = simulatorOf(scene).seedConversations({ conversations: 1, messages: 2 });
    if (!session) throw new Error('no session');

    await scene.enqueue(JSON.stringify({ website_id: session.websiteId, session_id: session.sessionId }));
    const [record] = await scene.receiveRecords(1);

    expect(record?.session_id).toBe(session.sessionId);
  });

  test('a hook with one byte changed is refused, and nothing is asked of Crisp', async ({
    onTestFinished,
  }) => {
    const scene = await start(onTestFinished);

    const response = await fetch(scene.mode.health.webhook, {
      method: 'POST',
      body: '{}',
      headers: {
        'content-type': 'application/json',
        'x-crisp-request-timestamp': '1790856000',
        'x-crisp-signature': 'a'.repeat(64),
      },
    });

    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: 'signature_mismatch' });
    expect(simulatorOf(scene).counters.snapshot().requests.total).toBe(0);
  });
});
