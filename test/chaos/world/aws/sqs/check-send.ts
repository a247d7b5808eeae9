import type { SendMessageCommandInput } from '@aws-sdk/client-sqs';

import { toAwsError } from '../aws-error.ts';
import { isSqsText } from '../is-sqs-text.ts';

export type SendInput = Pick<
  SendMessageCommandInput,
  'MessageBody' | 'MessageGroupId' | 'MessageDeduplicationId' | 'DelaySeconds' | 'MessageAttributes'
>;

const MOST_BYTES = 1024 * 1024;
const ID = /^[\x21-\x7e]{1,128}$/;

/** Throws what SQS answers to a message that it does not take. */
export function checkSend(input: SendInput, isFifo: boolean): void {
  const { MessageBody = '', MessageGroupId, MessageDeduplicationId } = input;
  if (MessageBody === '') throw refuse('MissingParameter', 'MessageBody is missing');
  if (Buffer.byteLength(MessageBody) > MOST_BYTES) throw refuse('InvalidParameterValue', 'longer than 1 MiB');
  if (!isSqsText(MessageBody)) throw refuse('InvalidMessageContents', 'illegal characters');
  if (!isFifo) return;
  if (!MessageGroupId) throw refuse('MissingParameter', 'MessageGroupId is missing');
  if (!MessageDeduplicationId) throw refuse('InvalidParameterValue', 'MessageDeduplicationId is missing');
  if (!ID.test(MessageGroupId) || !ID.test(MessageDeduplicationId))
    throw refuse('InvalidParameterValue', 'an id is invalid');
  if (input.DelaySeconds !== undefined) throw refuse('InvalidParameterValue', 'DelaySeconds on a FIFO queue');
}

function refuse(name: string, message: string): Error {
  return toAwsError(name, 400, message);
}
