import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import {
  DescribeParametersCommand,
  GetParameterCommand,
  ParameterNotFound,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STAGE_QUEUES } from '../../lib/aws/queues.ts';
import { toClockSample } from '../../lib/clock.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients, type LocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import {
  judgeClock,
  judgeConcurrency,
  judgeNode,
  judgeQueue,
  judgeSecret,
} from '../../lib/operate/doctor/checks.ts';
import {
  createSqsScratchQueues,
  observeDeduplication,
  type ScratchQueues,
} from '../../lib/operate/doctor/deduplication.ts';
import { findAwsSetup } from '../../lib/operate/doctor/setup.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('doctor', () => {
  test.each([
    ['24.0.0', 'ok'],
    ['26.1.0', 'ok'],
    ['22.19.0', 'fail'],
  ])('Node %s: %s', (version, state) => expect(judgeNode(version).state).toBe(state));

  test('two equal clocks are never said to differ, however long the answer took and wherever in a second it was given', () => {
    const times = fc.record({
      answeredMs: fc.nat(10_000),
      back: fc.nat(10_000),
      nowMs: fc.nat(2_000_000_000_000),
    });
    fc.assert(
      fc.property(times, ({ answeredMs, back, nowMs }) => {
        const date = new Date(nowMs + answeredMs).toUTCString();
        const sample = toClockSample(date, { sentMs: nowMs, receivedMs: nowMs + answeredMs + back });
        expect(judgeClock('AWS', sample).state).toBe('ok');
      }),
    );
  });

  test('a clock that is more than a bucket off fails, in either direction', () => {
    const offset = fc.integer({ min: 61_500, max: 1e10 }).chain((ms) => fc.constantFrom(ms, -ms));
    fc.assert(
      fc.property(offset, (offsetMs) => {
        const finding = judgeClock('AWS', { offsetMs, uncertaintyMs: 600 });
        expect(finding).toMatchObject({
          state: 'fail',
          message: expect.stringContaining(offsetMs > 0 ? 'behind' : 'ahead'),
        });
      }),
    );
  });

  test('a clock between half a margin and a bucket is worth a warning', () => {
    expect(judgeClock('Crisp', { offsetMs: 20_000, uncertaintyMs: 600 }).state).toBe('warn');
  });

  test.each([undefined, 'soon', 12])('the date %s tells nothing, so nothing is said of the clock', (date) => {
    expect(judgeClock('AWS', toClockSample(date, { sentMs: 0, receivedMs: 1 })).state).toBe('skipped');
  });

  test.each([
    [1000, 2, 'ok'],
    [12, 2, 'ok'],
    [11, 2, 'warn'],
    [4, 2, 'warn'],
    [3, 2, 'fail'],
  ])('%d free executions with a consumer of %d: %s', (unreserved, consumer, state) => {
    expect(judgeConcurrency({ limit: 1000, unreserved }, consumer).state).toBe(state);
  });

  const EXPECTED = { attributes: { VisibilityTimeout: '300' }, maxReceiveCount: '5' };

  test.each([
    [{ VisibilityTimeout: '300', RedrivePolicy: '{"maxReceiveCount":5}' }, 'ok'],
    [{ VisibilityTimeout: '300', RedrivePolicy: '{"maxReceiveCount":"5"}' }, 'ok'],
    [{ VisibilityTimeout: '300', RedrivePolicy: '{"maxReceiveCount":4}' }, 'fail'],
    [{ VisibilityTimeout: '300', RedrivePolicy: 'broken' }, 'fail'],
    [{ VisibilityTimeout: '300' }, 'fail'],
    [{ RedrivePolicy: '{"maxReceiveCount":5}' }, 'fail'],
  ])('a queue with %j: %s', (actual, state) => {
    expect(judgeQueue('records', actual, EXPECTED, { isLocal: false }).state).toBe(state);
  });

  test('a secret in plain text is a failure even though it works', () => {
    const stored = { changedMs: 0, isEncrypted: false };

    expect(judgeSecret({ name: 'CRISP_TOKEN_KEY', stage: 'prod', region: 'eu-west-1', stored }).state).toBe(
      'fail',
    );
  });
});

describe('observe deduplication', () => {
  const clock = createVirtualClock();

  // Whoever sleeps turns the clock.
  const turning = { ...clock, sleep: (ms: number) => clock.advance(ms) };
  let aws: EmbeddedAws;
  let clients: LocalAwsClients;

  beforeAll(async () => {
    aws = await startEmbeddedAws({ clock });
    clients = createLocalAwsClients(aws.endpoints);
  });

  afterAll(async () => {
    clients.destroy();
    await aws.stop();
  });

  test('two equal ids within the delay are seen to be one message, on a queue that is gone afterwards', async () => {
    const queues = createSqsScratchQueues(clients.sqs, { waitSeconds: 0, endpoint: aws.endpoints.sqs });

    const observation = await observeDeduplication({ queues, clock: turning });

    expect(observation).toMatchObject({ outcome: 'seen', answer: 'yes: the first came, and no other' });
    const { QueueUrls = [] } = await clients.sqs.send(new ListQueuesCommand({}));
    expect(QueueUrls).toEqual([]);
  });

  /** A queue that keeps everything, and fails where it is told to. */
  function aForgetfulQueue({ failsToSend = false } = {}) {
    const sent: string[] = [];
    let isRemoved = false;
    const queues: ScratchQueues = {
      create: async () => ({
        name: 'scratch.fifo',
        async send(body) {
          if (failsToSend) throw new Error('no');
          sent.push(body);
        },
        take: async () => sent.splice(0),
        async remove() {
          isRemoved = true;
        },
      }),
    };
    return { queues, isRemoved: () => isRemoved };
  }

  test('a queue that keeps both is a problem', async () => {
    const { queues } = aForgetfulQueue();
    const observation = await observeDeduplication({ queues, clock: turning });
    expect(observation).toMatchObject({ outcome: 'not_seen', answer: 'no: 2 came', isProblem: true });
  });

  test('the queue is removed also where the look fails', async () => {
    const { queues, isRemoved } = aForgetfulQueue({ failsToSend: true });
    await expect(observeDeduplication({ queues, clock: turning })).rejects.toThrow('no');
    expect(isRemoved()).toBe(true);
  });
});

describe('doctor on aws', () => {
  const PATH = '/crisp-enrich/prod/';
  const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';
  const TABLE = 'crisp-enrich-prod-ledger';
  const COMMON = { CRISP_SECRETS_PATH: PATH, SESSIONS_QUEUE_URL: QUEUE, LEDGER_TABLE: TABLE };
  const CONSUMER = {
    ...COMMON,
    CRISP_TIER: 'website',
    SESSIONS_QUEUE_ARN: 'arn:aws:sqs:eu-west-1:123456789012:crisp-enrich-prod-sessions.fifo',
    CONSUMER_FUNCTION_NAME: 'crisp-enrich-prod-consumer',
    RECORDS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:crisp-enrich-prod-records',
    ARCHIVE_BUCKET: 'crisp-enrich-prod-archive-123456789012',
  };
  const OUTPUTS = [
    ...Object.values(STAGE_QUEUES).map(({ output }) => output),
    'ArchiveBucketName',
    'LedgerTableName',
    'ConsumerFunctionName',
    'SessionsQueueArn',
  ].map((OutputKey) => ({ OutputKey, OutputValue: `value-of-${OutputKey}` }));
  const PARAMETERS = {
    CRISP_HOOK_SECRETS: 'whsec_9f1c7a52e0b84d36',
    CRISP_TOKEN_IDENTIFIER: 'id-of-the-token',
    CRISP_TOKEN_KEY: 'key-of-the-token',
  };

  /** A stage in order, over clients that answer what a test lets them. */
  function aStage({ parameters = PARAMETERS as Record<string, string> } = {}) {
    const options = { region: 'eu-west-1' };
    const clients = {
      cloudFormation: new CloudFormationClient(options),
      lambda: new LambdaClient(options),
      ssm: new SSMClient(options),
    };
    const cloudFormation = mockClient(clients.cloudFormation);
    // The fields of a stack that are read.
    cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [{ Outputs: OUTPUTS }] as never });
    const lambda = mockClient(clients.lambda);
    lambda
      .on(GetFunctionConfigurationCommand, { FunctionName: 'crisp-enrich-prod-webhook' })
      .resolves({ Environment: { Variables: COMMON } })
      .on(GetFunctionConfigurationCommand, { FunctionName: 'crisp-enrich-prod-consumer' })
      .resolves({ Environment: { Variables: CONSUMER } })
      .on(GetAccountSettingsCommand)
      .resolves({ AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000 } });
    const ssm = mockClient(clients.ssm);
    ssm
      .on(DescribeParametersCommand)
      .resolves({
        Parameters: Object.keys(parameters).map((name) => ({
          Name: `${PATH}${name}`,
          Type: 'SecureString',
          Version: 1,
          LastModifiedDate: new Date(0),
        })),
      })
      .on(GetParameterCommand)
      .callsFake(({ Name }: { Name: string }) => {
        const Value = parameters[Name.slice(PATH.length)];
        if (Value === undefined) throw new ParameterNotFound({ message: 'not found', $metadata: {} });
        return { Parameter: { Value } };
      });
    const name = { stage: 'prod', region: 'eu-west-1', profile: undefined };
    const find = () => findAwsSetup(clients, name, createVirtualClock());
    const failures = async () => (await find()).findings.filter(({ state }) => state === 'fail');
    return { find, failures, cloudFormation, lambda };
  }

  test('a stage in order is read as it is deployed: configuration from its functions, the token from its parameters', async () => {
    const setup = await aStage().find();

    expect(setup.findings.map(({ check, state }) => `${check} ${state}`)).toEqual([
      'stack ok',
      'configuration ok',
      'hook mode ok',
      'account limits ok',
      'secret CRISP_HOOK_SECRETS ok',
      'secret CRISP_TOKEN_IDENTIFIER ok',
      'secret CRISP_TOKEN_KEY ok',
      'secret API_KEYS ok',
    ]);
    expect(setup.crisp).toMatchObject({
      config: { crispTier: 'website' },
      token: { identifier: 'id-of-the-token', key: 'key-of-the-token' },
    });
    expect(setup.settings?.sessionsDelaySeconds).toBe(70);
  });

  test('no finding holds a secret', async () => {
    expect(JSON.stringify((await aStage().find()).findings)).not.toMatch(/whsec|of-the-token/);
  });

  test('a missing hook secret is told with the command that enters it', async () => {
    const { CRISP_HOOK_SECRETS: _, ...parameters } = PARAMETERS;

    expect(await aStage({ parameters }).failures()).toEqual([
      {
        check: 'secret CRISP_HOOK_SECRETS',
        state: 'fail',
        message: 'missing: every hook is answered 503 config_unavailable',
        remedy: 'npx crisp-enrich secrets set CRISP_HOOK_SECRETS --stage prod --region eu-west-1',
      },
    ]);
  });

  test('an account that is too small for webhook and consumer together is told', async () => {
    const stage = aStage();
    stage.lambda
      .on(GetAccountSettingsCommand)
      .resolves({ AccountLimit: { ConcurrentExecutions: 10, UnreservedConcurrentExecutions: 3 } });

    expect(await stage.failures()).toMatchObject([
      { check: 'account limits', remedy: expect.stringContaining('Service Quotas') },
    ]);
  });

  test('a variable that was broken by hand is told, as the function itself would read it', async () => {
    const stage = aStage();
    stage.lambda
      .on(GetFunctionConfigurationCommand, { FunctionName: 'crisp-enrich-prod-webhook' })
      .resolves({ Environment: { Variables: { ...COMMON, CRISP_TOKEN_KEY: 'key-of-the-token' } } });

    expect(await stage.failures()).toMatchObject([
      { check: 'configuration', message: expect.stringContaining('CRISP_TOKEN_KEY: does not belong') },
    ]);
  });

  test.each([
    ['CredentialsProviderError', 'no AWS credentials found'],
    ['ExpiredTokenException', 'AWS does not take these credentials'],
    ['AccessDeniedException', 'allow cloudformation:DescribeStacks on crisp-enrich-prod'],
    ['ValidationError', "no stack 'crisp-enrich-prod' in eu-west-1 (profile default)"],
  ])('%s is a finding, not the end of the report', async (name, remedy) => {
    const stage = aStage();
    stage.cloudFormation
      .on(DescribeStacksCommand)
      .rejects(Object.assign(new Error('it does not exist'), { name }));

    expect(await stage.failures()).toMatchObject([
      { check: 'stack', remedy: expect.stringContaining(remedy) },
    ]);
    expect((await stage.find()).findings.map(({ check }) => check)).toContain('secret CRISP_TOKEN_KEY');
  });
});
