import { S3Client } from '@aws-sdk/client-s3';

/** An S3 client of an embedded S3: paths instead of host names, and one try. */
export function anS3Client(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}
