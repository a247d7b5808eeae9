import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { SessionRef } from '../../lib/core/ids.ts';
import { createAwsClients } from '../../lib/local/aws/aws-clients.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import { signHookRequest } from '../support/sign-hook-request.ts';
import { type SpawnedLocalMode, spawnLocalMode } from '../support/spawn-local-mode.ts';

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
  await Promise.all(sessions.map((session) => accept(first, session)));
  const before = await collect(first, (records) => records.size >= SESSIONS / 4);
  await first.end('SIGKILL');

  const second = await start();
  const after = await collect(
    second,
    (records) => new Set([...before.keys(), ...records.keys()]).size >= SESSIONS,
  );
  const exitCode = await second.end('SIGINT');

  const received = new Map([...before, ...after]);
  expect(before.size).toBeLessThan(SESSIONS);
  expect(sessions.filter(({ sessionId }) => received.get(sessionId) !== MESSAGES)).toEqual([]);
  expect(exitCode).toBe(130);
  expect(second.output()).toMatch(/Left in the queues: \d+ jobs waiting, 0 dead letters/);
});

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

async function accept({ health }: SpawnedLocalMode, session: SessionRef): Promise<void> {
  const request = signHookRequest(session, { secret: SECRET, nowMs: systemClock.nowMs() });
  const { status } = await fetch(health.webhook, request);
  expect(status).toBe(202);
}

/** Takes records off their queue until there are enough: how many messages each session's record had. */
async function collect(
  { health }: SpawnedLocalMode,
  isEnough: (records: ReadonlyMap<string, number>) => boolean,
): Promise<Map<string, number>> {
  const clients = createAwsClients(health.aws.endpoints);
  const records = new Map<string, number>();
  while (!isEnough(records)) await receiveInto(records, clients.sqs, health.queues.records);
  clients.destroy();
  return records;
}

async function receiveInto(records: Map<string, number>, sqs: SQSClient, QueueUrl: string): Promise<void> {
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 10 });
  const { Messages = [] } = await sqs.send(receive);
  if (Messages.length === 0) throw new Error(`only ${records.size} records came`);
  for (const { Body = '' } of Messages) {
    const record = JSON.parse(Body);
    records.set(record.session_id, record.messages.length);
  }
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
}
