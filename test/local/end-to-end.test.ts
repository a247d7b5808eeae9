import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { toInfraSettings } from '../../lib/config/infra-settings.ts';
import { parseWebhookConfig } from '../../lib/config/parse.ts';
import { createSsmSecrets } from '../../lib/config/secret-reader.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createDynamoSessionNotes } from '../../lib/ledger/session-notes.ts';
import { startAws } from '../../lib/local/aws/embedded-aws.ts';
import { openFrontDoor } from '../../lib/local/front-door.ts';
import { createSimulator } from '../../lib/local/simulator/simulator.ts';
import type { Switches } from '../../lib/local/simulator/switches.ts';
import { createSdkParameterReader } from '../../lib/operate/doctor/setup.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { createWebhookHandler } from '../../lib/webhook/handler.ts';
import { aSession, OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { runCliProcess } from '../support/cli.ts';
import { signHookRequest } from '../support/hooks.ts';
import {
  type LocalScene,
  type LocalSceneOptions,
  simulatorOf,
  startLocalScene,
} from '../support/local-scene.ts';
import { createRecordingTelemetry } from '../support/memory.ts';
import { type ParameterStore, startParameterStore } from '../support/parameters.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('end to end', () => {
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
    test('five hooks of a burst become one record with the whole conversation', async ({
      onTestFinished,
    }) => {
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
});

describe('access log', () => {
  const PROXY = fileURLToPath(new URL('./simulator/support/recording-proxy.ts', import.meta.url));

  async function startProxy(target: string) {
    const folder = mkdtempSync(join(tmpdir(), 'access-log-'));
    const logFile = join(folder, 'access.log');
    const child = spawn(process.execPath, [PROXY, target, logFile], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => {
      child.kill();
      rmSync(folder, { recursive: true });
    });
    const [port] = await once(child.stdout, 'data');
    const countLines = () => readFileSync(logFile, 'utf8').trim().split('\n').length;
    return { url: `http://127.0.0.1:${String(port).trim()}`, countLines };
  }

  test('after a run of the pipeline, its own count, the simulator’s and a proxy’s access log agree', {
    timeout: 60_000,
  }, async () => {
    const simulator = createSimulator({ clock: systemClock });
    const server = await simulator.listen();
    onTestFinished(() => server.stop());
    const proxy = await startProxy(server.url);
    const { identifier, key } = simulator.account.token;
    const scene = await startLocalScene({
      env: {
        CRISP_API_URL: `${proxy.url}/v1`,
        CRISP_TOKEN_IDENTIFIER: identifier,
        CRISP_TOKEN_KEY: key,
        CRISP_REQUESTS_PER_SECOND: '400',
      },
    });
    onTestFinished(() => scene.stop());
    const sessions = simulator.seedConversations({ conversations: 20, messages: 45 });

    for (const session of sessions) await scene.hook(session);
    await scene.receiveRecords(sessions.length);

    const { total } = simulator.counters.snapshot().requests;
    expect(total).toBeGreaterThanOrEqual(sessions.length * 4);
    expect(proxy.countLines()).toBe(total);
    // One more tried the token at the start, beside the pipeline.
    expect(scene.totals().crispRequests).toBe(total - 1);
  });
});

describe('secrets story', () => {
  const SECRET = 'whsec_9f1c7a52e0b84d36';
  const ROTATED = 'whsec_0a1b2c3d4e5f6071';
  const context = { awsRequestId: 'request-1' } as Context; // With telemetry of its own the function reads nothing else.

  test('a fresh deployment answers 503 and queues nothing, until the secret is entered: then 202, as it stands', async () => {
    const store = await startParameterStore();
    const { hook, queued, clock } = await deploy(store);

    expect(await hook(SECRET)).toEqual([503, { error: 'config_unavailable' }]);
    expect(await queued()).toBe(0);

    expect(await enter(SECRET, store)).toBe(0);
    // What was missing is asked for again after 15 s.
    await clock.advance(15_000);

    expect(await hook(SECRET)).toEqual([202, { status: 'queued' }]);
    expect(await queued()).toBe(1);
  });

  test('a rotated secret is taken at the first hook that it signed, and the old one beside it as long as it is listed', async () => {
    const store = await startParameterStore();
    const { hook, clock } = await deploy(store);
    await enter(SECRET, store);
    expect(await hook(SECRET)).toEqual([202, { status: 'queued' }]);

    await enter(`${SECRET},${ROTATED}`, store);
    // What was read is not read again within a minute.
    await clock.advance(60_000);

    expect(await hook(ROTATED)).toEqual([202, { status: 'queued' }]);
    expect(await hook(SECRET)).toEqual([202, { status: 'queued' }]);
  });

  test('local mode takes hooks that were signed with any of several secrets, and its simulator signs with the first', async () => {
    const scene = await startLocalScene({ env: { CRISP_HOOK_SECRETS: `${SECRET},${ROTATED}` } });
    onTestFinished(() => scene.stop());
    const hook = async (secret: string, sessionId: string) => {
      const request = signHookRequest(aSession(sessionId), { secret, nowMs: systemClock.nowMs() });
      return (await fetch(scene.mode.health.webhook, request)).status;
    };

    expect(await hook(SECRET, 'session_1')).toBe(202);
    expect(await hook(ROTATED, 'session_2')).toBe(202);
    expect(await hook('whsec_of_nobody', 'session_3')).toBe(401);
    expect(simulatorOf(scene).hookSecret).toBe(SECRET);
  });

  /** Local mode's AWS with the stack's resources, and the webhook as a function of a stage has it: secrets from SSM. */
  async function deploy(store: ParameterStore) {
    const clock = createVirtualClock();
    const settings = toInfraSettings({}, { isLocal: true, archiveBucketSuffix: '' });
    const aws = await startAws({ givenEndpoints: {}, port: { port: 0, isDefault: false }, settings, clock });
    const ssm = new SSMClient({
      endpoint: store.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const queueUrl = aws.resources.queues.sessions;
    const config = parseWebhookConfig({
      AWS_LAMBDA_FUNCTION_NAME: 'crisp-enrich-test-webhook',
      CRISP_SECRETS_PATH: '/crisp-enrich/test/',
      SESSIONS_QUEUE_URL: queueUrl,
      LEDGER_TABLE: aws.resources.table,
    });
    const handler = createWebhookHandler(config, {
      secrets: createSsmSecrets({
        path: '/crisp-enrich/test/',
        clock,
        readSsm: createSdkParameterReader(ssm),
      }),
      sqs: aws.clients.sqs,
      sessions: createDynamoSessionNotes({ client: aws.clients.dynamodb, table: aws.resources.table }),
      telemetry: createRecordingTelemetry(),
      clock,
    });
    const door = await openFrontDoor({
      functions: { '/webhook': (event) => handler(event, context) },
      health: () => ({}),
      port: 0,
      bodyLimitBytes: 1024 * 1024,
      clock,
    });
    onTestFinished(async () => {
      await door.stop();
      await aws.stop();
      ssm.destroy();
      await store.stop();
    });

    let sessions = 0;
    return {
      clock,
      async hook(secret: string) {
        sessions += 1;
        const request = signHookRequest(aSession(`session_${sessions}`), { secret, nowMs: clock.nowMs() });
        const response = await fetch(`${door.url}/webhook`, request);
        const { status, error } = (await response.json()) as Record<string, unknown>; // Our own reply.
        return [response.status, status === undefined ? { error } : { status }];
      },
      async queued() {
        // Past the queue's delay, without receiving what another look would miss.
        await clock.advance(10_000);
        const command = new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 });
        const { Messages = [] } = await aws.clients.sqs.send(command);
        return Messages.length;
      },
    };
  }

  async function enter(secret: string, store: ParameterStore): Promise<number | null> {
    const words = ['secrets', 'set', 'CRISP_HOOK_SECRETS', '--stage', 'test'];
    const { exitCode } = await runCliProcess(words, { input: `${secret}\n`, env: store.environment });
    return exitCode;
  }
});
