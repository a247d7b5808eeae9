import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Notices } from '../ports/notices.ts';
import { toAwsOperationError } from './aws-operation-error.ts';

export interface SnsNoticesDeps {
  readonly client: SNSClient;
  readonly topicArn: string;
}

/** The alarm topic: whoever subscribed to it gets the text as a mail. Rejects with `OperationError`. */
export function createSnsNotices({ client, topicArn }: SnsNoticesDeps): Notices {
  return {
    async publish({ subject, text }) {
      const command = new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: text });
      await client.send(command).catch((thrown: unknown) => {
        throw toAwsOperationError(thrown, { action: 'sns:Publish', resource: topicArn });
      });
    },
  };
}
