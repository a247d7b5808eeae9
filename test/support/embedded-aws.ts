import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import type { Notice } from '../../lib/record/topic.ts';
import { anS3Client } from './aws.ts';

/** A new topic of the embedded SNS, delivered raw to a queue of its own, and a reader of that queue. */
export async function aSubscribedTopic(aws: Awaited<ReturnType<typeof startEmbeddedAws>>, name: string) {
  await aws.sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { TopicArn: topicArn = '' } = await aws.sns.send(new CreateTopicCommand({ Name: name }));
  await aws.sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:us-east-1:000000000000:${name}`,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );

  return {
    topicArn,
    /** What the queue holds now, up to ten messages. */
    async received(): Promise<Pick<Notice, 'body' | 'attributes'>[]> {
      const { Messages = [] } = await aws.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: aws.toQueueUrl(name),
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
        }),
      );
      return Messages.map(toNotice);
    },
  };
}

function toNotice({ Body = '', MessageAttributes = {} }: Message) {
  const attributes = Object.entries(MessageAttributes).map(([name, { DataType, StringValue = '' }]) => [
    name,
    { type: DataType, value: StringValue },
  ]);
  return { body: Body, attributes: Object.fromEntries(attributes) };
}

/** The embedded S3, SNS and SQS, unmended, on a free port of this machine, and clients of them. */
export async function startEmbeddedAws() {
  const app = buildApp({ logger: false });
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  const settings = {
    endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const s3 = anS3Client(endpoint);
  const sns = new SNSClient(settings);
  const sqs = new SQSClient(settings);

  return {
    endpoint,
    s3,
    sns,
    sqs,
    /** Its own queue URLs have a host that does not resolve. */
    toQueueUrl: (name: string) => `${endpoint}/000000000000/${name}`,
    async stop() {
      for (const client of [s3, sns, sqs]) client.destroy();
      await app.close();
    },
  };
}

/** A ledger of its own in the embedded DynamoDB, with the keys of infra/ledger.yml. */
export async function startEmbeddedLedger(table = 'contract-ledger') {
  const { client, endpoint, stop } = await startEmbeddedDynamoDb();
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  return { client, endpoint, table, stop };
}

// CommonJS without types; its readme says that it takes these options and returns a server of node:http.
const dynalite = createRequire(import.meta.url)('dynalite') as (options: { createTableMs: number }) => Server;

/** The embedded DynamoDB on a free port of this machine, and a client of it. */
async function startEmbeddedDynamoDb() {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the embedded DynamoDB has no port');

  const endpoint = `http://127.0.0.1:${address.port}`;
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

  return {
    client,
    endpoint,
    async stop() {
      client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
