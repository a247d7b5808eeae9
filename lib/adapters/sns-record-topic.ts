import { type MessageAttributeValue, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { JobError } from '../core/errors/job-error.ts';
import type { MessageAttributes } from '../core/record/message-attributes.ts';
import type { RecordTopic } from '../ports/record-topic.ts';
import { toAwsFailure } from './aws-failure.ts';

export interface SnsRecordTopicDeps {
  /** With time limits of its own: a call that hangs would hold the whole batch. */
  readonly client: SNSClient;
  readonly topicArn: string;
}

/** The records topic in SNS; each subscriber's queue gets the body as it is (raw delivery). */
export function createSnsRecordTopic({ client, topicArn }: SnsRecordTopicDeps): RecordTopic {
  return {
    async publish({ body, attributes }) {
      const message = { TopicArn: topicArn, Message: body, MessageAttributes: toSnsAttributes(attributes) };
      const { MessageId } = await client.send(new PublishCommand(message)).catch(throwTopicError);
      if (!MessageId) throw new JobError('topic_failed', { detail: 'no_message_id' });
    },
  };
}

function toSnsAttributes(attributes: MessageAttributes): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      { DataType: type, StringValue: value },
    ]),
  );
}

const HINT = 'allow sns:Publish on the records topic, and the use of its KMS key where it has one';

function throwTopicError(thrown: unknown): never {
  const { code, status, isDenied } = toAwsFailure(thrown);
  throw new JobError(isDenied ? 'downstream_denied' : 'topic_failed', {
    detail: code,
    cause: thrown,
    ...(status !== undefined && { status }),
    ...(isDenied && { hint: HINT }),
  });
}
