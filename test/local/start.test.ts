import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { PublishCommand } from '@aws-sdk/client-sns';
import {
  GetQueueAttributesCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { parseLocalConfig } from '../../lib/config/local-config.ts';
import { startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { type AwsEndpoints, chooseEndpoints, createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { provisionResources } from '../../lib/local/aws/provision.ts';
import { describeRest, explainOther, explainStartFailure } from '../../lib/local/banner.ts';
import { checkCrisp } from '../../lib/local/crisp.ts';
import { parseLocalOptions, UsageError } from '../../lib/local/options.ts';
import { createSimulator } from '../../lib/local/simulator/simulator.ts';
import { inLanes } from '../../lib/queue/pace.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { signHookRequest } from '../support/hooks.ts';
import {
  collectRecords,
  simulatorOf,
  spawnLocalMode,
  startLocalScene,
  untilMapping,
} from '../support/local-scene.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { startLocalAws } from './aws/support.ts';

describe('given endpoints', () => {
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
    await fetch(
      mode.health.webhook,
      signHookRequest(session, { secret: SECRET, nowMs: systemClock.nowMs() }),
    );
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
    [
      ['VisibilityTimeout'],
      /^The given SQS refuses VisibilityTimeout = \d+ for .* the pipeline needs it: .*$/,
    ],
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
  ])('SQS and SNS that cannot reach each other are refused: %o', (env, found) => {
    expect(() => chooseEndpoints(env, { allowRemote: false })).toThrow(
      new RegExp(`${found}: SQS and SNS belong together.*S3 and DynamoDB may be anywhere`),
    );
  });

  test('an endpoint of AWS is refused in a sentence at the start, before anything is created', async () => {
    const started = spawnLocalMode([], { AWS_ENDPOINT_URL: 'https://sqs.eu-west-1.amazonaws.com' });

    await expect(started).rejects.toThrow('is AWS itself; local mode never uses it');
  });

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
});

describe('kill and restart', () => {
  const SECRET = 'a-hook-secret-for-tests';
  const SESSIONS = 120;
  const MESSAGES = 3;

  test('kill -9 in the middle of 120 sessions loses none that was accepted', {
    timeout: 120_000,
  }, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'crisp-enrich-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    const simulator = createSimulator({ clock: systemClock });
    const crisp = await simulator.listen();
    onTestFinished(() => crisp.stop());
    const sessions = simulator.seedConversations({ conversations: SESSIONS, messages: MESSAGES });
    const start = () =>
      spawnLocalMode(['--data', dataDir], toEnvironment(crisp.url, simulator.account.token));

    const first = await start();
    const statuses: number[] = [];
    // All at once, the last would wait longer than the webhook waits for the queue.
    await inLanes(sessions, 20, async (session) => {
      const request = signHookRequest(session, { secret: SECRET, nowMs: systemClock.nowMs() });
      statuses.push((await fetch(first.health.webhook, request)).status);
    });
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

    await Promise.all(sessions.map((session) => scene.hook(session)));
    await vi.waitFor(async () => {
      // Where the machine is slow they are several batches, and the last of them waits for an instance.
      const { waiting, inFlight } = await countMessages(scene.mode.aws.clients.sqs, queueUrl);
      expect(inFlight).toBeGreaterThan(0);
      expect(waiting + inFlight).toBe(sessions.length);
    }, 15_000);
    cpSync(dataDir, asItDied, { recursive: true });
    const restarted = await startLocalAws({
      dataDir: asItDied,
      clock: createVirtualClock(systemClock.nowMs()),
    });
    onTestFinished(() => restarted.stop());
    const [, queueName = ''] = /([^/]+)$/.exec(queueUrl) ?? [];
    const after = await countMessages(restarted.sqs, await restarted.findUrl(queueName));

    expect(after).toEqual({ waiting: sessions.length, inFlight: 0 });
  });

  async function countMessages(sqs: SQSClient, QueueUrl: string | undefined) {
    const AttributeNames: QueueAttributeName[] = [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
    ];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    const [waiting = 0, inFlight = 0] = AttributeNames.map((name) => Number(Attributes?.[name]));
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
});

test('without arguments the demo runs on default ports that may give way', () => {
  const options = parseLocalOptions([]);

  expect(options).toEqual({
    demo: true,
    once: false,
    port: { port: 4700, isDefault: true },
    awsPort: { port: 4566, isDefault: true },
    awsEndpointOk: false,
    help: false,
  });
});

test('a port that was asked for is kept, even where it is the default', () => {
  expect(parseLocalOptions(['--port', '4700', '--aws-port=0'])).toMatchObject({
    port: { port: 4700, isDefault: false },
    awsPort: { port: 0, isDefault: false },
  });
});

test.each([
  [['--port', '80'], "--port must be 0 or 1024–65535, got '80'"],
  [['--port', '70000'], "--port must be 0 or 1024–65535, got '70000'"],
  [['--aws-port', 'abc'], "--aws-port must be 0 or 1024–65535, got 'abc'"],
  [['--aws-port', '1e4'], "--aws-port must be 0 or 1024–65535, got '1e4'"],
  [['--once', '--no-demo'], '--once plays the demo, so it cannot go with --no-demo'],
  [['--data='], "--data must be a directory, got ''"],
  [['--bogus'], "Unknown option '--bogus'; see --help"],
])('%j is refused with a sentence', (args, message) => {
  expect(() => parseLocalOptions(args)).toThrow(new UsageError(message));
});

describe('check crisp', () => {
  async function startCrisp() {
    const simulator = createSimulator({ clock: systemClock, websites: [{ websiteId: WEBSITE_ID }] });
    const server = await simulator.listen();
    onTestFinished(() => server.stop());
    const { identifier, key } = simulator.account.token;
    const environment = {
      CRISP_API_URL: `${server.url}/v1`,
      CRISP_TOKEN_IDENTIFIER: identifier,
      CRISP_TOKEN_KEY: key,
      CRISP_HOOK_SECRETS: 'a-hook-secret-for-tests',
      CRISP_WEBSITE_IDS: WEBSITE_ID,
    };
    const check = (changes: Record<string, string> = {}) =>
      checkCrisp(parseLocalConfig({ ...environment, ...changes }), systemClock);
    return Object.assign(check, { url: environment.CRISP_API_URL });
  }

  test('nothing is said of websites that the token may read', async () => {
    const check = await startCrisp();

    expect(await check()).toEqual([]);
  });

  test('nothing is said of a good token without a list of websites', async () => {
    const check = await startCrisp();

    expect(await check({ CRISP_WEBSITE_IDS: '' })).toEqual([]);
  });

  const WRONG: readonly (readonly [
    title: string,
    change: (url: string) => Record<string, string>,
    sentence: RegExp,
  ])[] = [
    [
      'a wrong key',
      () => ({ CRISP_TOKEN_KEY: 'wrong-key-of-a-token' }),
      /^Crisp refuses the token: crisp_auth_failed.*CRISP_TOKEN_KEY/,
    ],
    [
      'a wrong tier',
      () => ({ CRISP_TIER: 'website', CRISP_HOOK_SECRETS: 'k'.repeat(32) }),
      /^Crisp refuses the token: .*CRISP_TIER: it is website/,
    ],
    [
      'a dead port',
      () => ({ CRISP_API_URL: 'http://127.0.0.1:9/v1' }),
      /^Crisp does not answer at http:\/\/127\.0\.0\.1:9\/v1: crisp_unreachable.*CRISP_API_URL/,
    ],
    [
      'an address without /v1',
      (url) => ({ CRISP_API_URL: url.replace('/v1', '') }),
      /^What answers at .* does not know Crisp’s API: .*ends in \/v1\.$/,
    ],
  ];

  test.each(WRONG)(
    '%s is said at the start, once, with or without a list of websites',
    async (_, change, sentence) => {
      const check = await startCrisp();

      for (const CRISP_WEBSITE_IDS of ['', WEBSITE_ID, `${WEBSITE_ID},${OTHER_WEBSITE_ID}`]) {
        expect(await check({ CRISP_WEBSITE_IDS, ...change(check.url) })).toEqual([
          expect.stringMatching(sentence),
        ]);
      }
    },
  );

  test('a website that is not there is named in one sentence, with what to check', async () => {
    const check = await startCrisp();

    const findings = await check({ CRISP_WEBSITE_IDS: `${WEBSITE_ID},${OTHER_WEBSITE_ID}` });

    expect(findings).toHaveLength(1);
    expect(findings[0]).toContain(
      `Crisp does not give the website ${OTHER_WEBSITE_ID}: crisp_not_subscribed`,
    );
    expect(findings[0]).toContain('Check the token, CRISP_TIER and CRISP_WEBSITE_IDS.');
  });

  test('a wrong token is told as such, and never shown', async () => {
    const check = await startCrisp();

    const [finding] = await check({ CRISP_TOKEN_KEY: 'wrong-key-of-a-token' });

    expect(finding).toContain('crisp_auth_failed');
    expect(finding).not.toContain('wrong-key-of-a-token');
  });
});

test('a second local mode says where the command line looks, and how it finds this one', async () => {
  const scene = await startLocalScene();
  onTestFinished(scene.stop);
  const { origin } = new URL(scene.mode.health.webhook);
  const second = { health: { ...scene.mode.health, webhook: 'http://127.0.0.1:5555/webhook' } };
  const [byDefault, asked] = [parseLocalOptions([]), parseLocalOptions(['--port', '5555'])];

  expect(await explainOther(second, byDefault, origin)).toBe(
    `Another local mode runs at ${origin}, where the command line looks. For this one:\n` +
      '  export CRISP_ENRICH_URL=http://127.0.0.1:5555\n',
  );
  expect(await explainOther(second, byDefault, 'http://127.0.0.1:9')).toMatch(/^Another program has /);
  expect(await explainOther(scene.mode, byDefault, origin)).toBeUndefined();
  expect(await explainOther(second, asked, origin)).toBeUndefined();
});

test('an end with work left names --data, and what was kept where it was given', async () => {
  const scene = await startLocalScene();
  onTestFinished(scene.stop);
  const empty = await describeRest(scene.mode.aws, undefined);
  await scene.mode.pipeline.mapping.turnOff();
  await untilMapping(scene, 'off');
  await scene.enqueue('{}');

  expect(empty).toBe('Left in the queues: 0 jobs waiting, 0 dead letters.');
  expect(await describeRest(scene.mode.aws, undefined)).toBe(
    'Left in the queues: 1 job waiting, 0 dead letters. They go with this run; npm start -- --data DIR keeps them.',
  );
  expect(await describeRest(scene.mode.aws, 'kept')).toMatch(/They are kept in kept\.$/);
  expect(await describeRest({ ...scene.mode.aws, hasOwnQueues: false }, undefined)).toMatch(
    /dead letters\.$/,
  );
});
