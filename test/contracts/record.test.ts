import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { startFauxqs } from '../../lib/local/aws/fauxqs.ts';
import { createS3RecordArchive } from '../../lib/record/archive.ts';
import { createSnsRecordTopic } from '../../lib/record/topic.ts';
import { anS3Client } from '../support/aws.ts';
import { aSubscribedTopic, startEmbeddedAws } from '../support/embedded-aws.ts';
import { createMemoryRecordArchive, createMemoryRecordTopic } from '../support/memory.ts';
import { describeRecordArchive, describeRecordTopic } from './record-contracts.ts';

describe('record archive', () => {
  const BUCKET = 'contract-archive';
  const stops: (() => Promise<void>)[] = [];
  let bare: S3Client;
  let mended: S3Client;

  beforeAll(async () => {
    const aws = await startEmbeddedAws();
    const fauxqs = await startFauxqs({ port: 0, clock: systemClock });
    stops.push(aws.stop, fauxqs.stop);
    bare = aws.s3;
    mended = anS3Client(fauxqs.url);
    for (const client of [bare, mended]) await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  });

  afterAll(async () => {
    mended.destroy();
    for (const stop of stops) await stop();
  });

  describeRecordArchive('in memory', createMemoryRecordArchive);

  describeRecordArchive('S3 as local mode embeds it', () =>
    createS3RecordArchive({ client: mended, bucket: BUCKET }),
  );

  // fauxqs 2.4.1 ignores If-None-Match and If-Match on a put.
  describeRecordArchive(
    'S3 of fauxqs itself',
    () => createS3RecordArchive({ client: bare, bucket: BUCKET }),
    { ignoresConditions: true },
  );
});

describe('record topic', () => {
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
});
