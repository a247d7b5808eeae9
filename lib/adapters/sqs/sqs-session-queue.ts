import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { encodeJob } from '../../core/job/encode-job.ts';
import type { SessionQueue } from '../../ports/session-queue.ts';

/** The sessions queue on SQS FIFO: equal jobs become one message there, and both sends get its id. */
export function createSqsSessionQueue(sqs: SQSClient, queueUrl: string): SessionQueue {
  return {
    async send({ job, groupId, deduplicationId }) {
      const { MessageId, SequenceNumber } = await sqs.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: encodeJob(job),
          MessageGroupId: groupId,
          MessageDeduplicationId: deduplicationId,
        }),
      );
      // The id is the proof that the message is durable: an answer without one is none.
      if (!MessageId) throw new MessageIdMissingError();
      return { messageId: MessageId, sequenceNumber: SequenceNumber };
    },
  };
}

class MessageIdMissingError extends Error {
  override readonly name = 'MessageIdMissing';
}
