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
  "const batches = createSqsSessionBatches({ sqs, queueUrl: queues['sessions-dlq'], clock });",
  'createSqsSessionQueue(sqs, toUrl(names.deadLetters));',
])('%s is a violation', (text) => {
  expect(checkDeadLetterQueues([{ path: 'lib/adapters/a.ts', text }])).not.toEqual([]);
});

test('to read a dead-letter queue is none, nor to speak of one, nor to have both at hand', () => {
  const reader = { path: 'lib/adapters/a.ts', text: 'new ReceiveMessageCommand({ QueueUrl: dlqUrl });' };
  const sender = {
    path: 'lib/adapters/b.ts',
    text: '// never to the dlq\nnew SendMessageCommand({ QueueUrl: url });',
  };

  const both = {
    path: 'lib/app/c.ts',
    text: [
      "const queue = createSqsDeadLetterQueue(sqs, queues['sessions-dlq']);",
      'const batches = createSqsSessionBatches({ sqs, queueUrl: queues.sessions, clock });',
      'return { queue, batches, dlq: 1 };',
    ].join('\n'),
  };

  expect(checkDeadLetterQueues([reader, sender, both])).toEqual([]);
});
