import type { Behaviours } from './behaviour.ts';
import { deduplicationBehaviours, groupBehaviours, messageBehaviours } from './fifo-behaviours.ts';
import { redriveBehaviours, visibilityBehaviours } from './receive-behaviours.ts';
import { snsBehaviours } from './sns-behaviours.ts';
import { dynamodbBehaviours, s3Behaviours } from './store-behaviours.ts';

/** Everything that the pipeline relies on, by service. */
export const ALL_BEHAVIOURS: Readonly<Record<string, Behaviours>> = {
  SQS: {
    ...deduplicationBehaviours,
    ...groupBehaviours,
    ...visibilityBehaviours,
    ...messageBehaviours,
    ...redriveBehaviours,
  },
  SNS: snsBehaviours,
  S3: s3Behaviours,
  DynamoDB: dynamodbBehaviours,
};
