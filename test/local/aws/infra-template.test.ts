import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadInfraTemplate, readEventSource } from '../../../lib/local/aws/infra.ts';
import { aTemporaryFolder } from '../../support/a-temporary-folder.ts';

async function load(files: Record<string, string>, settings: Record<string, string | number> = {}) {
  const directory = await aTemporaryFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return loadInfraTemplate(directory, { stage: 'local', settings });
}

async function property(value: string, settings: Record<string, string | number> = {}) {
  const template = await load(
    {
      'queues.yml': `
Resources:
  Thing:
    Type: Some::Type
    Properties:
      Value: ${value}
  Jobs:
    Type: AWS::SQS::Queue
    Properties: { QueueName: 'jobs-\${sls:stage}' }
  News:
    Type: AWS::SNS::Topic
    Properties: { TopicName: news }
`,
    },
    settings,
  );
  return template.resources('Some::Type')[0]?.property('Value');
}

test.each([
  ['600', 600],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the files' own variables
  ['"${self:custom.settings.size}"', 7],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  ['a-${sls:stage}-${self:custom.settings.size}b', 'a-local-7b'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  ['x${self:custom.settings.empty}', 'x'],
  ['!Ref News', 'arn:aws:sns:us-east-1:000000000000:news'],
  ['!GetAtt Jobs.Arn', 'arn:aws:sqs:us-east-1:000000000000:jobs-local'],
  ['!GetAtt [Jobs, QueueName]', 'jobs-local'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  ["!Sub '${sls:stage}-${AWS::Region}-${Jobs.QueueName}'", 'local-us-east-1-jobs-local'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  ["!Sub ['${a}/b', { a: !Ref News }]", 'arn:aws:sns:us-east-1:000000000000:news/b'],
  ['!Join ["-", [a, !GetAtt Jobs.QueueName, !Ref AWS::NoValue, 3]]', 'a-jobs-local-3'],
  ['{ Fn::GetAtt: [Jobs, Arn] }', 'arn:aws:sqs:us-east-1:000000000000:jobs-local'],
  [
    '{ left: !Ref AWS::NoValue, kept: [1, { deep: !Ref AWS::AccountId }] }',
    { kept: [1, { deep: '000000000000' }] },
  ],
])('the value %s means %j', async (text, expected) => {
  const value = await property(text, { size: 7, empty: '' });

  expect(value).toEqual(expected);
});

test.each([
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the files' own variables
  ['${self:custom.settings.absent}', 'infra_setting_missing', /a setting named absent/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  ['${self:custom.settings.toString}', 'infra_setting_missing', /a setting named toString/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  ['${ssm:/path}', 'infra_variable_unknown', /ssm:\/path/],
  ['!GetAtt Nobody.Arn', 'infra_reference_unknown', /Nobody/],
  ['!If [Production, 1, 2]', 'infra_unsupported', /Fn::If/],
])('what local mode cannot resolve is an error that names it: %s', async (text, code, message) => {
  const value = property(text);

  await expect(value).rejects.toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test('a value that nobody asks for may be anything', async () => {
  const template = await load({
    'queues.yml': 'Resources: { Q: { Type: T, Properties: { Odd: !Transform [x], Plain: 1 } } }',
  });

  expect(template.resources('T')[0]?.property('Plain')).toBe(1);
});

test('a file with a mistake in it is named', async () => {
  const loading = load({ 'broken.yml': 'Resources: {' });

  await expect(loading).rejects.toThrow(/broken\.yml/);
});

test('an event source has the numbers of functions.yml', async () => {
  const template = await load(
    {
      'functions.yml': `
worker:
  handler: x.handler
  timeout: 77
  somethingNew: { yes: true }
  events:
    - schedule: rate(1 hour)
    - sqs: { arn: !GetAtt Jobs.Arn, batchSize: 4, maximumConcurrency: '\${self:custom.settings.n}' }
`,
      'queues.yml': 'Resources: { Jobs: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } } }',
    },
    { n: 9 },
  );

  const source = readEventSource(template, 'worker');

  expect(source).toEqual({
    queueArn: 'arn:aws:sqs:us-east-1:000000000000:jobs',
    batchSize: 4,
    maximumConcurrency: 9,
    timeoutSeconds: 77,
    enabled: true,
  });
});
