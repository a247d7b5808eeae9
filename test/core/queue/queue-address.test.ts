import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRedriveProblem } from '../../../lib/core/dead-letter/find-redrive-problem.ts';
import { toQueueAddress } from '../../../lib/core/queue/queue-address.ts';

const AWS = 'https://sqs.eu-west-1.amazonaws.com/123456789012';

test.each([
  [`${AWS}/a.fifo`, { name: 'a.fifo', account: '123456789012', region: 'eu-west-1', isFifo: true }],
  [
    'https://eu-west-1.queue.amazonaws.com/123456789012/a',
    { name: 'a', account: '123456789012', region: 'eu-west-1', isFifo: false },
  ],
  [
    'http://127.0.0.1:4566/000000000000/a.fifo',
    { name: 'a.fifo', account: '000000000000', region: undefined, isFifo: true },
  ],
])('%s tells where the queue is', (url, address) => {
  expect(toQueueAddress(url)).toEqual(address);
});

test('any text gives an address', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(typeof toQueueAddress(text).name).toBe('string');
    }),
  );
});

test('messages go from one queue to another of its kind', () => {
  const problem = (sourceUrl: string, destinationUrl: string) =>
    findRedriveProblem({ sourceUrl, destinationUrl })?.message;

  expect(problem(`${AWS}/a-dlq.fifo`, `${AWS}/a.fifo`)).toBeUndefined();
  expect(problem(`${AWS}/a.fifo`, `${AWS}/a.fifo`)).toMatch(/^source and destination are the same queue/);
  expect(problem(`${AWS}/a-dlq`, `${AWS}/a.fifo`)).toMatch(/^queue types differ/);
});
