import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  DescribeParametersCommand,
  GetParameterCommand,
  ParameterNotFound,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { findAwsSetup } from '../../lib/app/doctor/find-aws-setup.ts';
import type { Finding } from '../../lib/core/doctor/finding.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const PATH = '/crisp-enrich/prod/';
const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';
const COMMON = { CRISP_SECRETS_PATH: PATH, SESSIONS_QUEUE_URL: QUEUE };
const CONSUMER = {
  ...COMMON,
  CRISP_TIER: 'website',
  SESSIONS_QUEUE_ARN: 'arn:aws:sqs:eu-west-1:123456789012:crisp-enrich-prod-sessions.fifo',
  CONSUMER_FUNCTION_NAME: 'crisp-enrich-prod-consumer',
  RECORDS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:crisp-enrich-prod-records',
  ARCHIVE_BUCKET: 'crisp-enrich-prod-archive-123456789012',
  LEDGER_TABLE: 'crisp-enrich-prod-ledger',
};
const OUTPUTS = [
  'SessionsQueueUrl',
  'SessionsDeadLetterQueueUrl',
  'RecordsQueueUrl',
  'RecordsDeadLetterQueueUrl',
  'RecordsUndeliveredQueueUrl',
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
  return { find, cloudFormation, lambda, ssm };
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
  ]);
  expect(setup.crisp).toMatchObject({
    tier: 'website',
    token: { identifier: 'id-of-the-token', key: 'key-of-the-token' },
  });
  expect(setup.settings?.sessionsDelaySeconds).toBe(70);
});

test('no finding holds a secret', async () => {
  const { findings } = await aStage().find();

  expect(JSON.stringify(findings)).not.toMatch(/whsec|of-the-token/);
});

test('a missing hook secret is told with the command that enters it', async () => {
  const { CRISP_HOOK_SECRETS: _, ...parameters } = PARAMETERS;

  const { findings } = await aStage({ parameters }).find();

  expect(failuresOf(findings)).toEqual([
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

  const { findings } = await stage.find();

  expect(failuresOf(findings)).toMatchObject([
    { check: 'account limits', remedy: expect.stringContaining('Service Quotas') },
  ]);
});

test('a variable that was broken by hand is told, as the function itself would read it', async () => {
  const stage = aStage();
  stage.lambda
    .on(GetFunctionConfigurationCommand, { FunctionName: 'crisp-enrich-prod-webhook' })
    .resolves({ Environment: { Variables: { ...COMMON, CRISP_TOKEN_KEY: 'key-of-the-token' } } });

  const { findings } = await stage.find();

  expect(failuresOf(findings)).toMatchObject([
    { check: 'configuration', message: expect.stringContaining('CRISP_TOKEN_KEY: does not belong') },
  ]);
});

test.each([
  ['CredentialsProviderError', 'no AWS credentials found'],
  ['ExpiredTokenException', 'AWS does not take these credentials'],
  ['AccessDeniedException', 'allow cloudformation:DescribeStacks on crisp-enrich-prod'],
])('%s is a finding, not the end of the report', async (name, remedy) => {
  const stage = aStage();
  stage.cloudFormation.on(DescribeStacksCommand).rejects(Object.assign(new Error('no'), { name }));

  const { findings } = await stage.find();

  expect(failuresOf(findings)).toMatchObject([{ check: 'stack', remedy: expect.stringContaining(remedy) }]);
  expect(findings.map(({ check }) => check)).toContain('secret CRISP_TOKEN_KEY');
});

test('a stage that is not there is told with the region that was looked at', async () => {
  const stage = aStage();
  const missing = Object.assign(new Error('Stack with id crisp-enrich-prod does not exist'), {
    name: 'ValidationError',
  });
  stage.cloudFormation.on(DescribeStacksCommand).rejects(missing);

  const { findings } = await stage.find();

  expect(failuresOf(findings)).toMatchObject([
    { check: 'stack', remedy: "no stack 'crisp-enrich-prod' in eu-west-1 (profile default)" },
  ]);
});

const failuresOf = (findings: readonly Finding[]) => findings.filter(({ state }) => state === 'fail');
