import type { UpdateItemCommandInput, UpdateItemCommandOutput } from '@aws-sdk/client-dynamodb';
import { type AwsEnvironment, callAws } from '../aws/call.ts';

/** DynamoDB's UpdateItem; rejects with its error, by name. */
export type UpdateItem = (
  input: UpdateItemCommandInput,
) => Promise<Pick<UpdateItemCommandOutput, 'Attributes'>>;

const UPDATE_ITEM = {
  service: 'dynamodb',
  target: 'DynamoDB_20120810.UpdateItem',
  contentType: 'application/x-amz-json-1.0',
  // The webhook gives up a note that takes longer.
  timeoutMs: 100,
} as const;

/** UpdateItem without DynamoDB's client, and in one try: for the webhook, whose start that client would delay. */
export function createItemUpdate(environment: AwsEnvironment = process.env): UpdateItem {
  return (input) => callAws(UPDATE_ITEM, input, environment);
}
