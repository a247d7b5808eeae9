import { createHash } from 'node:crypto';
import { CreateBucketCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createS3RecordArchive } from '../../lib/adapters/s3-record-archive.ts';
import { createSnsRecordTopic } from '../../lib/adapters/sns-record-topic.ts';
import { type AnnounceRecord, createAnnounceRecord } from '../../lib/use-cases/announce/announce-record.ts';
import { aCrispMessage, aFetchedConversation } from '../support/a-fetched-conversation.ts';
import { aSubscribedTopic } from '../support/a-subscribed-topic.ts';
import { aSession } from '../support/builders.ts';
import { createRecordingTelemetry } from '../support/recording-telemetry.ts';
import { startEmbeddedAws } from '../support/start-embedded-aws.ts';

const BUCKET = 'announced-archive';
const FULL = { mode: 'full', absorbed: 0 } as const;

let aws: Awaited<ReturnType<typeof startEmbeddedAws>>;
let subscriber: Awaited<ReturnType<typeof aSubscribedTopic>>;
let announceRecord: AnnounceRecord;
let serial = 0;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  await aws.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
});

beforeEach(async () => {
  serial += 1;
  subscriber = await aSubscribedTopic(aws, `announced-${serial}`);
  announceRecord = createAnnounceRecord({
    archive: createS3RecordArchive({ client: aws.s3, bucket: BUCKET }),
    topic: createSnsRecordTopic({ client: aws.sns, topicArn: subscriber.topicArn }),
    telemetry: createRecordingTelemetry(),
    inlineLimitBytes: 204_800,
  });
});

afterAll(() => aws.stop());

describe('a record announced through S3, SNS and SQS', () => {
  test('reaches the subscriber whole, and lies in the archive as it was sent', async () => {
    const content = 'One 😀, a noncharacter \uffff and half of 😀: \ud83d';
    const fetched = aFetchedConversation({
      ...aSession('session_small'),
      messages: [aCrispMessage(1, { content })],
    });

    const { version } = await announceRecord(fetched, FULL);

    const [message] = await subscriber.received();
    const key = `records/${fetched.websiteId}/session_small/${version}.json`;
    expect(JSON.parse(message?.body ?? '').messages[0].content).toBe(content);
    expect(String(await readObject(key))).toBe(message?.body);
  });

  test('that is large reaches the subscriber as a claim check for the exact bytes', async () => {
    const messages = Array.from({ length: 50 }, (_, n) => aCrispMessage(n, { content: 'ü😀'.repeat(500) }));

    await announceRecord(aFetchedConversation({ ...aSession('session_large'), messages }), FULL);

    const [message] = await subscriber.received();
    const { claim_check: claimCheck, ...notice } = JSON.parse(message?.body ?? '');
    const bytes = await readObject(claimCheck.key);
    const record = JSON.parse(String(bytes));
    expect(claimCheck).toMatchObject({ bucket: BUCKET, bytes: bytes.length, sha256: sha256(bytes) });
    expect(record.messages).toEqual(messages);
    expect(record).toMatchObject(notice);
  });

  test('is announced once, and again when it has changed', async () => {
    const session = aSession('session_twice');

    const results = [];
    for (const state of ['unresolved', 'unresolved', 'resolved']) {
      results.push(await announceRecord(aFetchedConversation({ ...session, conversation: { state } }), FULL));
    }

    expect(results.map(({ outcome }) => outcome)).toEqual(['emitted', 'unchanged', 'emitted']);
    expect(await subscriber.received()).toHaveLength(2);
  });
});

async function readObject(key: string): Promise<Buffer> {
  const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
