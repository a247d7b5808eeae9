import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSnsRecordTopic } from '../../lib/adapters/sns-record-topic.ts';
import { anAwsError } from '../support/an-aws-error.ts';

const client = new SNSClient({ region: 'us-east-1' });
const sns = mockClient(client);
const topic = createSnsRecordTopic({ client, topicArn: 'arn:aws:sns:us-east-1:000000000000:records' });
const notice = { body: '{"text":"canary-body"}', attributes: {}, isClaimCheck: false };

beforeEach(() => {
  sns.reset();
});

describe('the topic in SNS', () => {
  test.each([
    ['NotFoundException', 404, 'topic_failed:not_found'],
    ['InvalidParameterException', 400, 'topic_failed:invalid_parameter'],
    ['ThrottledException', 429, 'topic_failed:throttled'],
    ['InternalErrorException', 500, 'topic_failed:internal_error'],
  ])('%s is a failure of the topic, told by its code alone', async (name, status, reason) => {
    sns.on(PublishCommand).rejects(anAwsError(name, status));

    const published = topic.publish(notice);

    await expect(published).rejects.toMatchObject({ reason, status, disposition: 'transient' });
    await expect(published).rejects.not.toThrow(/canary/);
  });

  test.each(['AuthorizationErrorException', 'KMSAccessDeniedException', 'KMSDisabledException'])(
    '%s is no fault of the record, and names what to allow',
    async (name) => {
      sns.on(PublishCommand).rejects(anAwsError(name, 403));

      const published = topic.publish(notice);

      const hint = expect.stringContaining('sns:Publish');
      await expect(published).rejects.toMatchObject({
        code: 'downstream_denied',
        disposition: 'outage',
        hint,
      });
    },
  );

  test('without a message id nothing was published', async () => {
    sns.on(PublishCommand).resolves({});

    await expect(topic.publish(notice)).rejects.toMatchObject({ reason: 'topic_failed:no_message_id' });
  });
});
