import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { anS3Client } from './an-s3-client.ts';

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
