import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkDeadLetterQueues } from './dead-letter-queues.ts';

test('nothing that sends messages knows a dead-letter queue', () => {
  const files = readSourceFiles(['lib', 'functions'], ['.ts']);

  expect(files.some(({ text }) => text.includes('SendMessage'))).toBe(true);
  expect(checkDeadLetterQueues(files)).toEqual([]);
});

test.each([
  'sqs.send(new SendMessageCommand({ QueueUrl: dlqUrl }));',
  "new SendMessageBatchCommand({ QueueUrl: urls['sessions-dlq'] });",
  'client.sendMessage({ QueueUrl: deadLetterQueueUrl });',
])('%s is a violation', (text) => {
  expect(checkDeadLetterQueues([{ path: 'lib/adapters/a.ts', text }])).not.toEqual([]);
});

test('to read a dead-letter queue is none, nor to speak of one', () => {
  const reader = { path: 'lib/adapters/a.ts', text: 'new ReceiveMessageCommand({ QueueUrl: dlqUrl });' };
  const sender = {
    path: 'lib/adapters/b.ts',
    text: '// never to the dlq\nnew SendMessageCommand({ QueueUrl: url });',
  };

  expect(checkDeadLetterQueues([reader, sender])).toEqual([]);
});
