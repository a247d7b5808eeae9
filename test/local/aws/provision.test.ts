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
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLocalAwsClients } from '../../../lib/local/aws/endpoints.ts';
import { INFRA_DIRECTORY, provisionResources } from '../../../lib/local/aws/provision.ts';
import { aTemporaryFolder } from '../../support/a-temporary-folder.ts';
import { bodiesOf, type LocalAws, startLocalAws } from './support/start-local-aws.ts';

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
