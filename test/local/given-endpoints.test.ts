import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { AwsEndpoints } from '../../lib/local/aws/aws-endpoints.ts';
import { createLocalAwsClients } from '../../lib/local/aws/local-aws-clients.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import { signHookRequest } from '../support/sign-hook-request.ts';
import { spawnLocalMode } from '../support/spawn-local-mode.ts';

const SECRET = 'a-hook-secret-for-tests';
const AWS_PROCESS = fileURLToPath(new URL('../support/embedded-aws-process.ts', import.meta.url));

async function startAwsElsewhere(): Promise<AwsEndpoints> {
  const child = spawn(process.execPath, [AWS_PROCESS], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const [line] = await once(child.stdout, 'data');
  return JSON.parse(String(line));
}

async function startCrisp() {
  const simulator = createSimulator({ clock: systemClock });
  const server = await simulator.listen();
  onTestFinished(() => server.stop());
  const { identifier, key } = simulator.account.token;
  return {
    simulator,
    env: {
      CRISP_API_URL: `${server.url}/v1`,
      CRISP_TOKEN_IDENTIFIER: identifier,
      CRISP_TOKEN_KEY: key,
      CRISP_HOOK_SECRETS: SECRET,
      COALESCE_SECONDS: '1',
    },
  };
}

test('endpoints that are given replace the embedded AWS, and the pipeline runs in them', {
  timeout: 60_000,
}, async () => {
  const endpoints = await startAwsElsewhere();
  const { simulator, env } = await startCrisp();
  const [session] = simulator.seedConversations({ conversations: 1, messages: 2 });
  if (!session) throw new Error('no session');

  const mode = await spawnLocalMode([], {
    ...env,
    AWS_ENDPOINT_URL: endpoints.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  });
  onTestFinished(() => void mode.end('SIGKILL'));
  await fetch(mode.health.webhook, signHookRequest(session, { secret: SECRET, nowMs: systemClock.nowMs() }));
  const { sqs, destroy } = createLocalAwsClients(endpoints);
  onTestFinished(destroy);
  const receive = new ReceiveMessageCommand({ QueueUrl: mode.health.queues.records, WaitTimeSeconds: 20 });
  const { Messages = [] } = await sqs.send(receive);

  expect(mode.health.aws.endpoints).toEqual(endpoints);
  expect(JSON.parse(Messages[0]?.Body ?? '{}')).toMatchObject({ session_id: session.sessionId });
});

test.each([
  ['https://sqs.eu-west-1.amazonaws.com', 'is AWS itself; local mode never uses it'],
  ['http://10.0.0.5:4566', 'is not this machine; --aws-endpoint-ok allows it'],
])(
  'the endpoint %s is refused in a sentence before anything is created',
  async (AWS_ENDPOINT_URL, sentence) => {
    const started = spawnLocalMode([], { AWS_ENDPOINT_URL });

    await expect(started).rejects.toThrow(sentence);
  },
);
