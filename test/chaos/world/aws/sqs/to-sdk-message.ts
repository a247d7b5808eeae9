import type { Message, ReceiveMessageCommandInput } from '@aws-sdk/client-sqs';
import type { ReceivedEntry } from './queue-message.ts';

/** A message as a receive returns it: its system attributes only as far as they were asked for. */
export function toSdkMessage(
  { message, receiptHandle }: ReceivedEntry,
  { MessageSystemAttributeNames = [] }: Pick<ReceiveMessageCommandInput, 'MessageSystemAttributeNames'> = {},
): Message {
  const all = {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentMs),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
    SenderId: 'AIDAEXAMPLE',
    ...(message.groupId !== undefined && { MessageGroupId: message.groupId }),
    ...(message.deduplicationId !== undefined && { MessageDeduplicationId: message.deduplicationId }),
    ...(message.sequenceNumber !== undefined && { SequenceNumber: message.sequenceNumber }),
    ...(message.sourceArn !== undefined && { DeadLetterQueueSourceArn: message.sourceArn }),
  };
  const asked = new Set<string>(MessageSystemAttributeNames);
  const Attributes = asked.has('All')
    ? all
    : Object.fromEntries(Object.entries(all).filter(([name]) => asked.has(name)));
  return {
    MessageId: message.messageId,
    ReceiptHandle: receiptHandle,
    Body: message.body,
    ...(Object.keys(Attributes).length > 0 && { Attributes }),
    ...(message.messageAttributes && {
      MessageAttributes: message.messageAttributes as NonNullable<Message['MessageAttributes']>,
    }),
  };
}
