import { expect, test } from 'vitest';
import { toReceivedMessages } from '../../lib/adapters/lambda-records.ts';

function aRecord(record: Record<string, unknown> = {}) {
  return {
    messageId: 'm1',
    receiptHandle: 'h1',
    body: '{}',
    attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1790856000000' },
    eventSource: 'aws:sqs',
    ...record,
  };
}

test('a record becomes a message with its receive count and sent time', () => {
  const messages = toReceivedMessages({ Records: [aRecord()] });

  expect(messages).toEqual([
    { messageId: 'm1', receiptHandle: 'h1', body: '{}', receiveCount: 3, sentMs: 1_790_856_000_000 },
  ]);
});

test.each([
  ['missing', undefined],
  ['no number', 'abc'],
  ['zero', '0'],
  ['negative', '-1'],
])('a receive count that is %s is read as 1', (_, ApproximateReceiveCount) => {
  const [message] = toReceivedMessages({ Records: [aRecord({ attributes: { ApproximateReceiveCount } })] });

  expect(message?.receiveCount).toBe(1);
});

test.each([
  ['no records', {}, 'bad_invocation: expected SQS records, got an object with the keys none'],
  ['nothing', undefined, 'bad_invocation: expected SQS records, got undefined'],
  [
    'an API request',
    { version: '2.0', rawPath: '/' },
    'bad_invocation: expected SQS records, got an object with the keys version, rawPath',
  ],
  [
    'another source',
    { Records: [aRecord({ eventSource: 'aws:sns' })] },
    'bad_invocation: expected records of aws:sqs, got aws:sns',
  ],
  [
    'no message id',
    { Records: [aRecord({ messageId: '' })] },
    'bad_record: an SQS record lacks its messageId or receiptHandle',
  ],
  [
    'no receipt handle',
    { Records: [aRecord({ receiptHandle: undefined })] },
    'bad_record: an SQS record lacks its messageId or receiptHandle',
  ],
  ['a null record', { Records: [null] }, 'bad_record: expected an SQS record, got null'],
])('an invocation with %s fails as a whole and says what came', (_, event, message) => {
  expect(() => toReceivedMessages(event)).toThrow(message);
});
