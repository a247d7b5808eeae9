import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { parseWebsiteId, type WebsiteId } from '../core/ids.ts';
import type { KnownWebsites } from '../ports/known-websites.ts';
import { toAwsOperationError } from './aws-operation-error.ts';

// Enough to show a choice.
const MAX_WEBSITES = 20;

/** The websites of which something was archived. Rejects with `OperationError`. */
export function createS3KnownWebsites(s3: S3Client, bucket: string): KnownWebsites {
  return {
    async list() {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: 'latest/',
        Delimiter: '/',
        MaxKeys: MAX_WEBSITES,
      });
      const { CommonPrefixes = [] } = await s3.send(command).catch((thrown: unknown) => {
        throw toAwsOperationError(thrown, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
      });
      return CommonPrefixes.map(({ Prefix = '' }) => parseWebsiteId(Prefix.split('/')[1])).filter(isKnown);
    },
  };
}

function isKnown(websiteId: WebsiteId | undefined): websiteId is WebsiteId {
  return websiteId !== undefined;
}
