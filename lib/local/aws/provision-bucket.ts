import {
  CreateBucketCommand,
  HeadBucketCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { InfraResource } from './infra-template.ts';

/** Makes the bucket; returns its name. Lifecycle, encryption and access rules are AWS's alone. */
export async function provisionBucket(s3: S3Client, resource: InfraResource): Promise<string> {
  const name = String(resource.property('BucketName'));
  if (!(await hasBucket(s3, name))) await s3.send(new CreateBucketCommand({ Bucket: name }));
  return name;
}

async function hasBucket(s3: S3Client, name: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name }));
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return false;
    throw error;
  }
}
