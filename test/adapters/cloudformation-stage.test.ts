import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { readCloudFormationStage } from '../../lib/adapters/cloudformation-stage.ts';
import { anAwsError } from '../support/an-aws-error.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';

const OUTPUTS = join(import.meta.dirname, '../../infra/outputs.yml');
const NAME = { stage: 'prod', region: 'eu-west-1', profile: 'p' };

function createStack() {
  const client = new CloudFormationClient({ region: 'eu-west-1' });
  const stack = mockClient(client);
  return { stack, read: () => readCloudFormationStage(client, NAME) };
}

/** Every output that the template declares, with its own name as its value. */
function declaredOutputs() {
  const names = [...readFileSync(OUTPUTS, 'utf8').matchAll(/^ {2}(\w+):$/gm)].map(([, name = '']) => name);
  return names.map((OutputKey) => ({ OutputKey, OutputValue: `value-of-${OutputKey}` }));
}

test('what the template declares is all that a stage is found by', async () => {
  const { stack, read } = createStack();
  stack.on(DescribeStacksCommand).resolves({
    Stacks: [
      { StackName: 's', CreationTime: undefined, StackStatus: 'CREATE_COMPLETE', Outputs: declaredOutputs() },
    ],
  });

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

test('a stack that does not exist is told with its region and profile', async () => {
  const { stack, read } = createStack();
  const missing = Object.assign(new Error('Stack with id crisp-enrich-prod does not exist'), {
    name: 'ValidationError',
  });
  stack.on(DescribeStacksCommand).rejects(missing);

  await expect(read()).rejects.toMatchObject({
    code: 'stack_not_found',
    message: "no stack 'crisp-enrich-prod' in eu-west-1 (profile p)",
  });
});

test('a stack of an older version says which output it lacks', async () => {
  const { stack, read } = createStack();
  const Outputs = declaredOutputs().filter(({ OutputKey }) => OutputKey !== 'SessionsQueueArn');
  stack.on(DescribeStacksCommand).resolves({
    Stacks: [{ StackName: 's', CreationTime: undefined, StackStatus: 'CREATE_COMPLETE', Outputs }],
  });

  await expect(read()).rejects.toMatchObject({
    code: 'stack_not_found',
    message: expect.stringContaining('SessionsQueueArn'),
  });
});

test('a right that is missing is named', async () => {
  const { stack, read } = createStack();
  stack.on(DescribeStacksCommand).rejects(anAwsError('AccessDenied', 403));

  await expect(read()).rejects.toMatchObject({
    code: 'access_denied',
    message: expect.stringContaining('cloudformation:DescribeStacks on crisp-enrich-prod'),
  });
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
  const { stack, read } = createStack();
  const Outputs = declaredOutputs().map((it) => (it.OutputKey === 'Settings' ? { ...it, OutputValue } : it));
  stack.on(DescribeStacksCommand).resolves({
    Stacks: [{ StackName: 's', CreationTime: undefined, StackStatus: 'CREATE_COMPLETE', Outputs }],
  });

  expect((await read()).websiteIds).toEqual(websiteIds);
});
