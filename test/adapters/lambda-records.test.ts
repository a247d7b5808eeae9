import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toReceivedMessages } from '../../lib/adapters/lambda-records.ts';
import { BadInvocationError } from '../../lib/core/errors/bad-invocation-error.ts';
import { HOSTILE_VALUES } from '../support/hostile-ids.ts';

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
])('Q11 a receive count that is %s is read as 1', (_, ApproximateReceiveCount) => {
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
  [
    'a source that is no text',
    { Records: [aRecord({ eventSource: { toString: 1, valueOf: 1 } })] },
    'bad_invocation: expected records of aws:sqs, got an object with the keys toString, valueOf',
  ],
  [
    'a source of several lines',
    { Records: [aRecord({ eventSource: 'aws\n{"level":"info"' })] },
    'got "aaa {"aaaaa":"aaaa""',
  ],
  ['a null record', { Records: [null] }, 'bad_record: expected an SQS record, got null'],
])('Q6 Q7 an invocation with %s fails as a whole and says what came', (_, event, message) => {
  expect(() => toReceivedMessages(event)).toThrow(message);
});

test('Q6 Q7 any event gives messages that can be answered for, or a BadInvocationError, and nothing else', () => {
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(...HOSTILE_VALUES), fc.string());
  const record = fc.record(
    {
      messageId: fc.oneof(fc.constant('m1'), anything),
      receiptHandle: fc.oneof(fc.constant('h1'), anything),
      body: anything,
      attributes: fc.oneof(
        fc.record({ ApproximateReceiveCount: anything, SentTimestamp: anything }),
        anything,
      ),
      eventSource: fc.oneof(
        { weight: 9, arbitrary: fc.constant('aws:sqs') },
        { weight: 1, arbitrary: anything },
      ),
    },
    { requiredKeys: [] },
  );
  const event = fc.oneof(fc.record({ Records: fc.array(fc.oneof(record, anything)) }), anything);

  fc.assert(
    fc.property(event, (received) => {
      try {
        for (const { messageId, receiptHandle, body, receiveCount } of toReceivedMessages(received)) {
          expect([messageId, receiptHandle]).not.toContain('');
          expect([typeof messageId, typeof receiptHandle, typeof body]).toEqual([
            'string',
            'string',
            'string',
          ]);
          expect(receiveCount).toBeGreaterThanOrEqual(1);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(BadInvocationError);
      }
    }),
    { numRuns: 1000 },
  );
});
