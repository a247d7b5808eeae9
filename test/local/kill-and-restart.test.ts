import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import { collectRecords } from '../support/collect-records.ts';
import { signHookRequest } from '../support/sign-hook-request.ts';
import { spawnLocalMode } from '../support/spawn-local-mode.ts';
import { simulatorOf, startLocalScene } from '../support/start-local-scene.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { startLocalAws } from './aws/support/start-local-aws.ts';

const SECRET = 'a-hook-secret-for-tests';
const SESSIONS = 500;
const MESSAGES = 3;

test('kill -9 in the middle of 500 sessions loses none that was accepted', { timeout: 120_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'crisp-enrich-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const simulator = createSimulator({ clock: systemClock });
  const crisp = await simulator.listen();
  onTestFinished(() => crisp.stop());
  const sessions = simulator.seedConversations({ conversations: SESSIONS, messages: MESSAGES });
  const start = () => spawnLocalMode(['--data', dataDir], toEnvironment(crisp.url, simulator.account.token));

  const first = await start();
  const statuses = await Promise.all(
    sessions.map(async (session) => {
      const request = signHookRequest(session, { secret: SECRET, nowMs: systemClock.nowMs() });
      return (await fetch(first.health.webhook, request)).status;
    }),
  );
  const before = await collectRecords(first, (records) => records.size >= SESSIONS / 4);
  await first.end('SIGKILL');

  const second = await start();
  const after = await collectRecords(
    second,
    (records) => new Set([...before.keys(), ...records.keys()]).size >= SESSIONS,
  );
  const exitCode = await second.end('SIGINT');

  const received = new Map([...before, ...after]);
  expect(new Set(statuses)).toEqual(new Set([202]));
  expect(before.size).toBeLessThan(SESSIONS);
  expect(sessions.filter(({ sessionId }) => received.get(sessionId) !== MESSAGES)).toEqual([]);
  expect(exitCode).toBe(130);
  expect(second.output()).toMatch(/Left in the queues: \d+ jobs? waiting, 0 dead letters/);
});

test('what was in flight when local mode died is available at once on a restart', {
  timeout: 30_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crisp-enrich-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [dataDir, asItDied] = [join(folder, 'data'), join(folder, 'as-it-died')];
  const scene = await startLocalScene({ args: ['--data', dataDir] });
  const simulator = simulatorOf(scene);
  const hang = simulator.faults.add({ effect: { kind: 'hang' }, times: 1000 });
  onTestFinished(async () => {
    hang();
    await scene.stop();
  });
  const sessions = simulator.seedConversations({ conversations: 4, messages: 1 });
  const { sessions: queueUrl } = scene.mode.aws.resources.queues;

  // They wait for the same moment, so that they are one batch.
  await Promise.all(sessions.map((session) => scene.hook(session)));
  await vi.waitFor(
    () => expect(simulator.counters.snapshot().requests.total).toBeGreaterThanOrEqual(sessions.length),
    10_000,
  );
  const before = await countMessages(scene.mode.aws.clients.sqs, queueUrl);
  cpSync(dataDir, asItDied, { recursive: true });
  const restarted = await startLocalAws({
    dataDir: asItDied,
    clock: createVirtualClock(systemClock.nowMs()),
  });
  onTestFinished(() => restarted.stop());
  const [, queueName = ''] = /([^/]+)$/.exec(queueUrl) ?? [];
  const after = await countMessages(restarted.sqs, await restarted.findUrl(queueName));

  expect(before).toEqual({ waiting: 0, inFlight: sessions.length });
  expect(after).toEqual({ waiting: sessions.length, inFlight: 0 });
});

async function countMessages(sqs: SQSClient, QueueUrl: string | undefined) {
  const AttributeNames: QueueAttributeName[] = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
  ];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  const [waiting, inFlight] = AttributeNames.map((name) => Number(Attributes?.[name]));
  return { waiting, inFlight };
}

function toEnvironment(crispUrl: string, token: { identifier: string; key: string }) {
  return {
    CRISP_API_URL: `${crispUrl}/v1`,
    CRISP_TOKEN_IDENTIFIER: token.identifier,
    CRISP_TOKEN_KEY: token.key,
    CRISP_HOOK_SECRETS: SECRET,
    CRISP_REQUESTS_PER_SECOND: '1000',
    COALESCE_SECONDS: '1',
  };
}
