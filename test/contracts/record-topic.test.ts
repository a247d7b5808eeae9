import { afterAll, beforeAll } from 'vitest';
import { createSnsRecordTopic } from '../../lib/adapters/sns-record-topic.ts';
import { aSubscribedTopic } from '../support/a-subscribed-topic.ts';
import { createMemoryRecordTopic } from '../support/memory-record-topic.ts';
import { startEmbeddedAws } from '../support/start-embedded-aws.ts';
import { describeRecordTopic } from './record-topic-contract.ts';

let aws: Awaited<ReturnType<typeof startEmbeddedAws>>;
let serial = 0;

beforeAll(async () => {
  aws = await startEmbeddedAws();
});

afterAll(() => aws.stop());

describeRecordTopic('in memory', async () => {
  const topic = createMemoryRecordTopic();
  return {
    topic,
    received: async () => topic.notices.map(({ body, attributes }) => ({ body, attributes })),
  };
});

describeRecordTopic('SNS embedded, delivered raw to SQS', async () => {
  serial += 1;
  const { topicArn, received } = await aSubscribedTopic(aws, `records-${serial}`);
  return { topic: createSnsRecordTopic({ client: aws.sns, topicArn }), received };
});
