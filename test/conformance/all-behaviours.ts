import type { Behaviour } from './behaviour.ts';
import { deduplicationBehaviours } from './deduplication-behaviours.ts';
import { dynamodbBehaviours } from './dynamodb-behaviours.ts';
import { groupBehaviours } from './group-behaviours.ts';
import { messageBehaviours } from './message-behaviours.ts';
import { redriveBehaviours } from './redrive-behaviours.ts';
import { s3Behaviours } from './s3-behaviours.ts';
import { snsBehaviours } from './sns-behaviours.ts';
import { visibilityBehaviours } from './visibility-behaviours.ts';

/** Everything that the pipeline relies on, by service. */
export const ALL_BEHAVIOURS: Readonly<Record<string, readonly Behaviour[]>> = {
  SQS: [
    ...deduplicationBehaviours,
    ...groupBehaviours,
    ...visibilityBehaviours,
    ...messageBehaviours,
    ...redriveBehaviours,
  ],
  SNS: snsBehaviours,
  S3: s3Behaviours,
  DynamoDB: dynamodbBehaviours,
};
