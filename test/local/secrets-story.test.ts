import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import { expect, onTestFinished, test } from 'vitest';
import { createSsmSecrets } from '../../lib/adapters/secrets/ssm-secrets.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createWebhookHandler } from '../../lib/app/create-webhook-handler.ts';
import { parseWebhookConfig } from '../../lib/core/config/parse-webhook-config.ts';
import { toInfraSettings } from '../../lib/core/config/to-infra-settings.ts';
import { openFrontDoor } from '../../lib/local/front-door.ts';
import { startAws } from '../../lib/local/start-aws.ts';
import { aSession } from '../support/builders.ts';
import { type ParameterStore, startParameterStore } from '../support/parameter-store.ts';
import { createRecordingTelemetry } from '../support/recording-telemetry.ts';
import { runCliProcess } from '../support/run-cli-process.ts';
import { signHookRequest } from '../support/sign-hook-request.ts';
import { simulatorOf, startLocalScene } from '../support/start-local-scene.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

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
  });
  const handler = createWebhookHandler(config, {
    secrets: createSsmSecrets({ path: '/crisp-enrich/test/', clock, client: ssm }),
    sqs: aws.clients.sqs,
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
