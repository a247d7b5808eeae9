import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mapStageQueues } from '../../lib/aws/queues.ts';
import type { EventSourceMapping } from '../../lib/breaker/mapping.ts';
import { openFrontDoor } from '../../lib/local/front-door.ts';
import { listenOnLoopback } from '../../lib/local/http-server.ts';
import { readCloudFormationStage } from '../../lib/operate/deployed-stage.ts';
import { createLocalModeMapping, readLocalModeHealth } from '../../lib/operate/local-stage.ts';
import { type TraceSources, traceSession } from '../../lib/operate/sessions.ts';
import { anAwsError } from '../support/aws.ts';
import { aFailedRun, aSession, OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { aLetter, createDeadLetterScene } from '../support/dead-letter-scene.ts';
import { createMemoryRunLog, createMemorySessionNotes } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('cloudformation stage', () => {
  const OUTPUTS = join(import.meta.dirname, '../../infra/outputs.yml');
  const NAME = { stage: 'prod', region: 'eu-west-1', profile: 'p' };

  function createStack() {
    const client = new CloudFormationClient({ region: 'eu-west-1' });
    const stack = mockClient(client);
    const read = () => readCloudFormationStage(client, NAME);
    return {
      stack,
      read,
      describe: (Outputs: object[]) =>
        void stack.on(DescribeStacksCommand).resolves({ Stacks: [{ Outputs }] as never }),
    };
  }

  /** Every output that the template declares, with its own name as its value. */
  function declaredOutputs() {
    const names = [...readFileSync(OUTPUTS, 'utf8').matchAll(/^ {2}(\w+):$/gm)].map(([, name = '']) => name);
    return names.map((OutputKey) => ({ OutputKey, OutputValue: `value-of-${OutputKey}` }));
  }

  test('what the template declares is all that a stage is found by', async () => {
    const { stack, read, describe } = createStack();
    describe(declaredOutputs());

    expect(await read()).toMatchObject({
      stage: 'prod',
      region: 'eu-west-1',
      queues: {
        sessions: 'value-of-SessionsQueueUrl',
        'sessions-dlq': 'value-of-SessionsDeadLetterQueueUrl',
      },
      table: 'value-of-LedgerTableName',
      consumer: { functionName: 'value-of-ConsumerFunctionName' },
      endpoints: undefined,
    });
    expect(stack.commandCalls(DescribeStacksCommand)[0]?.args[0].input).toEqual({
      StackName: 'crisp-enrich-prod',
    });
  });

  const missing = Object.assign(new Error('Stack with id crisp-enrich-prod does not exist'), {
    name: 'ValidationError',
  });
  test.each<[string, Error, string, string]>([
    [
      'does not exist is told with its region and profile',
      missing,
      'stack_not_found',
      "no stack 'crisp-enrich-prod' in eu-west-1 (profile p)",
    ],
    [
      'may not be read names the right that is missing',
      anAwsError('AccessDenied', 403),
      'access_denied',
      'cloudformation:DescribeStacks on crisp-enrich-prod',
    ],
  ])('a stack that %s', async (_case, error, code, message) => {
    const { stack, read } = createStack();
    stack.on(DescribeStacksCommand).rejects(error);
    await expect(read()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('a stack of an older version says which output it lacks', async () => {
    const { read, describe } = createStack();
    describe(declaredOutputs().filter(({ OutputKey }) => OutputKey !== 'SessionsQueueArn'));
    const message = expect.stringContaining('SessionsQueueArn');
    await expect(read()).rejects.toMatchObject({ code: 'stack_not_found', message });
  });

  test.each([
    [
      'the websites that it was deployed with',
      `{"CRISP_WEBSITE_IDS":"${WEBSITE_ID}, ${OTHER_WEBSITE_ID}"}`,
      [WEBSITE_ID, OTHER_WEBSITE_ID],
    ],
    ['all, where it was deployed with none', '{"CRISP_TIER":"plugin"}', []],
    ['nothing, where it records nothing that can be read', 'x', undefined],
  ])('a stack says %s', async (_case, OutputValue, websiteIds) => {
    const { read, describe } = createStack();
    describe(declaredOutputs().map((it) => (it.OutputKey === 'Settings' ? { ...it, OutputValue } : it)));
    expect((await read()).websiteIds).toEqual(websiteIds);
  });
});

describe('local mode health', () => {
  const EMULATOR = 'http://127.0.0.1:4566';
  const QUEUE = `${EMULATOR}/000000000000/q`;
  const HEALTH = {
    status: 'ok',
    stage: 'local',
    aws: {
      region: 'us-east-1',
      endpoints: { sqs: EMULATOR, s3: EMULATOR, dynamodb: 'http://127.0.0.1:4567' },
    },
    queues: { ...mapStageQueues(() => QUEUE), 'sessions-dlq': `${QUEUE}-dlq` },
    bucket: 'b',
    table: 't',
  };

  /** A server that answers every request so. */
  async function aServer(answer: unknown, { status = 200, headers = {} } = {}): Promise<URL> {
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
    const { url, stop } = await listenOnLoopback(server, 0);
    onTestFinished(stop);
    return new URL(url);
  }

  test('a running local mode tells where everything is', async () => {
    const stage = await readLocalModeHealth(await aServer(HEALTH));
    expect(stage).toMatchObject({ stage: 'local', bucket: 'b', table: 't', consumer: undefined });
    expect(stage.queues['sessions-dlq']).toBe(`${QUEUE}-dlq`);
  });

  test.each([
    ['nothing but text', 'hello', {}],
    ['another program’s JSON', { status: 'ok' }, {}],
    ['a start that is not over', { status: 'starting' }, { status: 503 }],
    ['a redirect', '', { status: 302, headers: { location: 'https://example.com/' } }],
  ])('%s is no local mode', async (_what, answer, options) => {
    const url = await aServer(answer, options);
    await expect(readLocalModeHealth(url)).rejects.toMatchObject({ code: 'local_mode_absent' });
  });

  test('a port on which nobody listens is no local mode, and the sentence says how to start one', async () => {
    const { url, stop } = await listenOnLoopback(createServer(), 0);
    await stop();

    await expect(readLocalModeHealth(new URL(url))).rejects.toMatchObject({
      code: 'local_mode_absent',
      message: expect.stringMatching(
        /^no local mode at http:\/\/127\.0\.0\.1:\d+: run `npm start`, .* CRISP_ENRICH_URL, /,
      ),
    });
  });

  test('an address, an endpoint or a queue elsewhere is refused: production is reached by --stage alone', async () => {
    const elsewhere = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions-dlq.fifo';
    const withQueue = { ...HEALTH, queues: { ...HEALTH.queues, 'sessions-dlq': elsewhere } };
    const endpoints = { ...HEALTH.aws.endpoints, dynamodb: 'http://192.0.2.1:8000' };
    const withEndpoint = { ...HEALTH, aws: { ...HEALTH.aws, endpoints } };

    for (const url of [
      new URL('http://192.0.2.1:4700'),
      await aServer(withQueue),
      await aServer(withEndpoint),
    ]) {
      await expect(readLocalModeHealth(url)).rejects.toMatchObject({ code: 'endpoint_not_loopback' });
    }
  });

  describe('the deliveries of local mode', () => {
    const turned: string[] = [];
    const deliveries: EventSourceMapping = {
      read: async () => (turned.at(-1) === 'off' ? 'off' : 'on'),
      turnOn: async () => void turned.push('on'),
      turnOff: async () => void turned.push('off'),
    };
    const open = async () => {
      turned.length = 0;
      const door = await openFrontDoor({
        ...{ functions: {}, health: () => ({}), deliveries, port: 0, bodyLimitBytes: 1000 },
        clock: createVirtualClock(),
      });
      onTestFinished(door.stop);
      return door.url;
    };

    test('are read and turned by the tools of this machine', async () => {
      const local = createLocalModeMapping(new URL(await open()));

      expect(await local.read()).toBe('on');
      await local.turnOff();
      expect(await local.read()).toBe('off');
      await local.turnOn();
      expect(await local.read()).toBe('on');
      expect(turned).toEqual(['off', 'on']);
    });

    test.each([
      ['GET', '/deliveries/off', {}, 404],
      ['POST', '/deliveries', {}, 404],
      ['POST', '/deliveries/off/', {}, 404],
      ['POST', '/deliveries/off', { origin: 'https://evil.example' }, 403],
      ['GET', '/deliveries', { origin: 'null' }, 403],
    ])('%s %s with %j turns nothing: %d', async (method, path, headers, status) => {
      expect((await fetch(`${await open()}${path}`, { method, headers })).status).toBe(status);
      expect(turned).toEqual([]);
    });

    test('that cannot be reached are switch_failed, not a crash', async () => {
      const nowhere = createLocalModeMapping(new URL('http://127.0.0.1:9'));
      await expect(nowhere.read()).rejects.toMatchObject({ reason: 'switch_failed:local_mode_absent' });
      await expect(nowhere.turnOn()).rejects.toMatchObject({ reason: 'switch_failed:local_mode_absent' });
    });
  });
});

describe('trace session', () => {
  const LATEST = {
    kind: 'conversation.enriched',
    version: 1_790_856_000_000,
    content_hash: 'sha256:0',
    announced: true,
    updated_at: null,
  } as const;

  const sources: TraceSources = {
    archive: {
      getLatest: async ({ sessionId }) =>
        sessionId === 'session_a' ? { latest: LATEST, revision: 'r' } : undefined,
    },
    listVersions: async () => [LATEST.version],
    sessionNotes: createMemorySessionNotes(createMemoryRunLog()),
  };

  test('a trace shows a session’s runs, its newest record and its dead letters, and nobody else’s', async () => {
    const { context, queue, runLog, stop } = createDeadLetterScene();
    const session = aSession('session_a');
    const own = aLetter({ session });
    queue.bury(
      own,
      aLetter({ session: aSession('session_b') }),
      aLetter({ session: aSession('session_a', OTHER_WEBSITE_ID) }),
    );
    await runLog.record([aFailedRun({ session, messageId: own.messageId })]);

    const trace = await traceSession(context, sources, session, { limit: 10, signal: stop.signal });

    expect(trace.runs.map(({ messageId }) => messageId)).toEqual([own.messageId]);
    expect(trace.latest).toEqual(LATEST);
    expect(trace.timeline.map(({ kind }) => kind)).toEqual(['announced', 'dead-lettered', 'failed']);
    expect(trace.deadLetters.map(({ messageId }) => messageId)).toEqual([own.messageId]);
    expect(queue.visibleIds()).toHaveLength(3);
  });

  test('a session that nobody knows has an empty trace', async () => {
    const { context, stop } = createDeadLetterScene();
    const limits = { limit: 10, signal: stop.signal };
    const trace = await traceSession(context, sources, aSession('session_b'), limits);
    expect(trace).toMatchObject({ runs: [], latest: undefined, deadLetters: [] });
  });
});
