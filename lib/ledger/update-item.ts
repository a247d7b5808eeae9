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
} as const;

/** A note without which a hook is accepted as well is given up after that. */
const NOTE_TIMEOUT_MS = 100;

/** UpdateItem without DynamoDB's client, and in one try: for the webhook, whose start that client would delay. */
export function createItemUpdate(
  environment: AwsEnvironment = process.env,
  timeoutMs = NOTE_TIMEOUT_MS,
): UpdateItem {
  return (input) => callAws({ ...UPDATE_ITEM, timeoutMs }, input, environment);
}
