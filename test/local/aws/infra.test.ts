import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
} from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type InfraTemplate,
  loadInfraTemplate,
  readEventSource,
  readScheduleMs,
} from '../../../lib/config/infra-template.ts';
import { createLocalAwsClients } from '../../../lib/local/aws/endpoints.ts';
import { INFRA_DIRECTORY, provisionResources } from '../../../lib/local/aws/provision.ts';
import { aTemporaryFolder } from '../../support/files.ts';
import { bodiesOf, type LocalAws, startLocalAws } from './support.ts';

describe('infra template', () => {
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
      'queues.yml':
        'Resources: { Q: { Type: AWS::SQS::Queue, Properties: { Odd: !Transform [x], Plain: 1 } } }',
    });

    expect(template.resources('AWS::SQS::Queue')[0]?.property('Plain')).toBe(1);
  });

  test('a file of things that local mode does not make is passed over', async () => {
    const template = await load({ 'alarms.yml': 'Resources: { A: { Type: AWS::CloudWatch::Alarm' });

    expect(template.resources('AWS::CloudWatch::Alarm')).toEqual([]);
  });

  test('a file with a mistake in it is named', async () => {
    const loading = load({ 'broken.yml': 'Resources: { Q: { Type: AWS::SQS::Queue' });

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
});

describe('read schedule', () => {
  function aTemplate(events: unknown): InfraTemplate {
    return { resources: () => [], functionNamed: (name) => ({ name, field: () => events }) };
  }

  test.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s is %i ms', (schedule, everyMs) => {
    expect(readScheduleMs(aTemplate([{ sqs: {} }, { schedule }]), 'probe')).toBe(everyMs);
  });

  test('the one that is meant is read of two: without an event of its own, or with it', () => {
    const own = { schedule: { rate: 'rate(1 minute)', input: { only: 'people' } } };
    const template = aTemplate([own, { schedule: 'rate(1 hour)' }]);

    expect(readScheduleMs(template, 'probe')).toBe(3_600_000);
    expect(readScheduleMs(template, 'probe', { only: 'people' })).toBe(60_000);
    expect(() => readScheduleMs(template, 'probe', { only: 'others' })).toThrow(/probe needs a schedule/);
  });

  test.each([
    ['no event', undefined],
    ['no schedule', [{ sqs: {} }]],
    ['a schedule by the clock', [{ schedule: 'cron(0 12 * * ? *)' }]],
    ['a rate of nothing', [{ schedule: 'rate(0 minutes)' }]],
  ])('%s is told with the function’s name', (_title, events) => {
    expect(() => readScheduleMs(aTemplate(events), 'probe')).toThrow(/probe needs a schedule/);
  });
});

describe('provision', () => {
  const SETTINGS = { archiveBucketSuffix: '', sessionsDelaySeconds: 3, consumerConcurrency: 2 };

  let local: LocalAws;

  beforeEach(async () => {
    local = await startLocalAws();
  });

  afterEach(() => local.stop());

  function provision(options: Partial<Parameters<typeof provisionResources>[0]> = {}) {
    return provisionResources({ endpoints: local.aws.endpoints, settings: SETTINGS, ...options });
  }

  /** A copy of the infra files in which `file` has another text in place of one that it has. */
  async function changeInfra(file: string, from: string | RegExp, to: string, directory = INFRA_DIRECTORY) {
    const copy = await aTemporaryFolder();
    await cp(directory, copy, { recursive: true });
    const text = await readFile(join(copy, file), 'utf8');
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    await writeFile(join(copy, file), changed);
    return copy;
  }

  test('all resources of the pipeline are made, with the names of the stage', async () => {
    const { queues, queueArns, topicArn, bucket, table } = await provision();

    const base = `${local.aws.endpoints.sqs}/000000000000`;
    expect(queues).toEqual({
      sessions: `${base}/crisp-enrich-local-sessions.fifo`,
      'sessions-dlq': `${base}/crisp-enrich-local-sessions-dlq.fifo`,
      records: `${base}/crisp-enrich-local-records`,
      'records-dlq': `${base}/crisp-enrich-local-records-dlq`,
      'records-undelivered': `${base}/crisp-enrich-local-records-undelivered`,
    });
    expect(queueArns.sessions).toBe('arn:aws:sqs:us-east-1:000000000000:crisp-enrich-local-sessions.fifo');
    expect(topicArn).toBe('arn:aws:sns:us-east-1:000000000000:crisp-enrich-local-records');
    expect(bucket).toBe('crisp-enrich-local-archive');
    expect(table).toBe('crisp-enrich-local-ledger');
    await expect(local.s3.send(new HeadBucketCommand({ Bucket: bucket }))).resolves.toBeDefined();
  });

  test.each([
    ['VisibilityTimeout', /VisibilityTimeout: 3600/, 'VisibilityTimeout: 4242', '4242'],
    ['MessageRetentionPeriod', /MessageRetentionPeriod: 1209600/, 'MessageRetentionPeriod: 70000', '70000'],
    ['DelaySeconds', /DelaySeconds: .*/, 'DelaySeconds: 17', '17'],
  ])('%s of the sessions queue is the number of the infra files', async (name, from, to, expected) => {
    const infraDirectory = await changeInfra('queues.yml', from, to);

    const { queues } = await provision({ infraDirectory });

    expect((await local.attributesOf(queues.sessions))[name]).toBe(expected);
  });

  test('the delay of the sessions queue is the setting', async () => {
    const { queues } = await provision({ settings: { ...SETTINGS, sessionsDelaySeconds: 70 } });

    expect((await local.attributesOf(queues.sessions)).DelaySeconds).toBe('70');
  });

  test('a changed number takes effect on queues that exist', async () => {
    await provision();
    const visibility = await changeInfra('queues.yml', 'VisibilityTimeout: 3600', 'VisibilityTimeout: 99');
    const receives = await changeInfra('queues.yml', 'maxReceiveCount: 20', 'maxReceiveCount: 7', visibility);

    const { queues, queueArns } = await provision({ infraDirectory: receives });

    const attributes = await local.attributesOf(queues.sessions);
    expect(attributes.VisibilityTimeout).toBe('99');
    expect(JSON.parse(attributes.RedrivePolicy ?? '')).toEqual({
      deadLetterTargetArn: queueArns['sessions-dlq'],
      maxReceiveCount: 7,
    });
  });

  test('provisioning again changes nothing and adds no second subscription', async () => {
    const first = await provision();
    const message = await local.send(first.queues.sessions, 'g', 'kept');

    const second = await provision();

    const { Subscriptions } = await local.sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: second.topicArn }),
    );
    expect(second).toEqual(first);
    expect(Subscriptions).toHaveLength(1);
    expect((await local.send(second.queues.sessions, 'g', 'kept')).MessageId).toBe(message.MessageId);
  });

  test('what is published to the topic arrives on the records queue as it is', async () => {
    const { topicArn, queues } = await provision();

    await local.sns.send(new PublishCommand({ TopicArn: topicArn, Message: '{"kind":"x"}' }));

    expect(bodiesOf(await local.receive(queues.records))).toEqual(['{"kind":"x"}']);
  });

  test('a filter policy that the files gain is set, one that they lose is taken away', async () => {
    const filtered = await changeInfra(
      'topic.yml',
      'RawMessageDelivery: true',
      'RawMessageDelivery: true\n      FilterPolicy: { kind: [removed] }',
    );
    const policyAfter = async (infraDirectory: string) => {
      const { topicArn } = await provision({ infraDirectory });
      const { Subscriptions = [] } = await local.sns.send(
        new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }),
      );
      const { SubscriptionArn } = Subscriptions[0] ?? {};
      return (await local.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes
        ?.FilterPolicy;
    };

    const policies = [
      await policyAfter(INFRA_DIRECTORY),
      await policyAfter(filtered),
      await policyAfter(INFRA_DIRECTORY),
    ];

    expect(policies.map((policy) => policy || undefined)).toEqual([
      undefined,
      '{"kind":["removed"]}',
      undefined,
    ]);
  });

  test('another emulator, with queue URLs that do not resolve, is provisioned too', async () => {
    const app = buildApp({ logger: false });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const endpoints = { ...local.aws.endpoints, sqs: url, sns: url, s3: url };
    try {
      await provision({ endpoints });
      const { queues } = await provision({ endpoints });
      const clients = createLocalAwsClients(endpoints);

      const elsewhere = await clients.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: queues.records, AttributeNames: ['VisibilityTimeout'] }),
      );
      clients.destroy();

      expect(queues.records).toBe(`${url}/000000000000/crisp-enrich-local-records`);
      expect(elsewhere.Attributes?.VisibilityTimeout).toBe('300');
    } finally {
      await app.close();
    }
  });

  test('infra files without a queue of the pipeline are an error that names it', async () => {
    const infraDirectory = await changeInfra('queues.yml', /-records-undelivered$/m, '-something-else');

    const provisioning = provision({ infraDirectory });

    await expect(provisioning).rejects.toThrow(/no queue records-undelivered \[infra_incomplete\]/);
  });

  test('a setting that is not given is an error that names it', async () => {
    const provisioning = provision({ settings: { archiveBucketSuffix: '' } });

    await expect(provisioning).rejects.toThrow(/sessionsDelaySeconds \[infra_setting_missing\]/);
  });
});
