import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { PublishCommand } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import type { AwsEndpoints } from '../../lib/local/aws/endpoints.ts';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { provisionResources } from '../../lib/local/aws/provision.ts';
import { explainStartFailure } from '../../lib/local/explain-start-failure.ts';
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

test('an SQS of another account that knows fewer attributes works', { timeout: 30_000 }, async () => {
  const elsewhere = await startForeignAws([
    'DeduplicationScope',
    'FifoThroughputLimit',
    'RedriveAllowPolicy',
  ]);

  const { queues, queueArns, topicArn } = await provisionAt(elsewhere);
  const { sqs, sns, destroy } = createLocalAwsClients(elsewhere);
  onTestFinished(destroy);
  await sns.send(new PublishCommand({ TopicArn: topicArn, Message: 'a record' }));
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queues.records, WaitTimeSeconds: 5 }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queues.sessions, AttributeNames: ['All'] }),
  );

  expect(queueArns.records).toBe('arn:aws:sqs:us-east-1:123456789012:crisp-enrich-local-records');
  expect(Messages.map(({ Body }) => Body)).toEqual(['a record']);
  expect(Attributes).toMatchObject({ VisibilityTimeout: '3600', DelaySeconds: '3' });
  expect(JSON.parse(Attributes?.RedrivePolicy ?? '{}')).toMatchObject({
    deadLetterTargetArn: queueArns['sessions-dlq'],
    maxReceiveCount: 20,
  });
});

test.each([
  [
    ['RedrivePolicy'],
    /^The given SQS refuses RedrivePolicy = .*crisp-enrich-local-.* the pipeline needs it: .*$/,
  ],
  [['VisibilityTimeout'], /^The given SQS refuses VisibilityTimeout = \d+ for .* the pipeline needs it: .*$/],
  [['DelaySeconds'], /^The given SQS refuses DelaySeconds = 3 for crisp-enrich-local-sessions\.fifo .*$/],
])('an SQS that refuses %s is refused in one sentence', { timeout: 30_000 }, async (refused, sentence) => {
  const elsewhere = await startForeignAws(refused);

  const failure = await provisionAt(elsewhere).catch(explainStartFailure);

  expect(failure).toEqual({ text: expect.stringMatching(sentence), exitCode: 1 });
});

test.each([
  [
    'answers with a page',
    (response: ServerResponse) => response.writeHead(502).end('<html>Bad gateway</html>'),
  ],
  ['breaks off', (response: ServerResponse) => response.destroy()],
])('a server that %s is explained in one sentence', { timeout: 30_000 }, async (_, answer) => {
  const server = createServer((_request, response) => void answer(response));
  const url = await listen(server);

  const failure = await provisionAt({ sqs: url, sns: url, s3: url, dynamodb: url }).catch(
    explainStartFailure,
  );

  expect(failure).toEqual({
    text: expect.stringMatching(
      /^The (SQS|S3|DynamoDB) at http:.* did not set up what the pipeline needs.*$/,
    ),
    exitCode: 1,
  });
});

test.each([
  [{ AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9324' }, 'SNS would be the embedded one'],
  [{ AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:9911' }, 'SQS would be the embedded one'],
])('SQS and SNS that cannot reach each other are refused at the start: %o', async (env, found) => {
  await expect(spawnLocalMode([], env)).rejects.toThrow(
    new RegExp(`${found}: SQS and SNS belong together.*S3 and DynamoDB may be anywhere`),
  );
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

function provisionAt(endpoints: AwsEndpoints) {
  const settings = { archiveBucketSuffix: '', sessionsDelaySeconds: 3, consumerConcurrency: 2 };
  return provisionResources({ endpoints, givenEndpoints: endpoints, settings });
}

/** The embedded AWS as another implementation: account 123456789012, no other one, and some attributes refused. */
async function startForeignAws(refusedAttributes: readonly string[]): Promise<AwsEndpoints> {
  const aws = await startEmbeddedAws();
  onTestFinished(() => aws.stop());
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const action = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    const refused = refusedAttributes.find(
      (name) => /^(Set|Create)Queue/.test(action) && body.includes(`"${name}"`),
    );
    if (refused !== undefined) {
      const message = `Unknown Attribute ${refused}.`;
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: 'com.amazonaws.sqs#InvalidAttributeName', message }));
      return;
    }
    try {
      const answer = await fetch(`${aws.endpoints.sqs}${toInner(request.url ?? '/')}`, {
        method: 'POST',
        headers: toHeaders(request),
        body: toInner(body),
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end((await answer.text()).replaceAll('000000000000', '123456789012'));
    } catch {
      response.destroy(); // The test is over, and the AWS behind has stopped.
    }
  });
  const url = await listen(server);
  return { ...aws.endpoints, sqs: url, sns: url };
}

function toInner(outer: string): string {
  return outer.replaceAll('000000000000', '999999999999').replaceAll('123456789012', '000000000000');
}

function toHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept = ['content-type', 'x-amz-target', 'authorization', 'x-amz-date'];
  return Object.fromEntries(kept.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])));
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
