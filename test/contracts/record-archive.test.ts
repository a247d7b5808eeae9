import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { createS3RecordArchive } from '../../lib/adapters/s3-record-archive.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { startFauxqs } from '../../lib/local/aws/fauxqs.ts';
import { anS3Client } from '../support/an-s3-client.ts';
import { createConditionalS3Client } from '../support/conditional-s3.ts';
import { createMemoryRecordArchive } from '../support/memory-record-archive.ts';
import { startEmbeddedAws } from '../support/start-embedded-aws.ts';
import { describeRecordArchive } from './record-archive-contract.ts';

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

describeRecordArchive('S3 with conditional writes as documented', () =>
  createS3RecordArchive({ client: createConditionalS3Client(), bucket: BUCKET }),
);

describeRecordArchive('S3 as local mode embeds it', () =>
  createS3RecordArchive({ client: mended, bucket: BUCKET }),
);

// fauxqs 2.4.1 ignores If-None-Match and If-Match on a put.
describeRecordArchive('S3 of fauxqs itself', () => createS3RecordArchive({ client: bare, bucket: BUCKET }), {
  ignoresConditions: true,
});
