import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toAwsFailure, toQueueAddress } from '../../lib/aws/failures.ts';
import { findRedriveProblem } from '../../lib/dead-letters/filter.ts';

describe('a failure of AWS', () => {
  test.each([
    [{ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }, 'access_denied', 403, true],
    [{ name: 'KMS.AccessDeniedException' }, 'kms_access_denied', undefined, true],
    [{ name: 'KMSDisabledException' }, 'kmsdisabled', undefined, true],
    [{ name: 'KMS.KMSInvalidStateException' }, 'kms_kmsinvalid_state', undefined, true],
    [{ name: 'KMSThrottlingException' }, 'kmsthrottling', undefined, false],
    [{ name: 'ExpiredToken', $metadata: { httpStatusCode: 400 } }, 'expired_token', 400, false],
    [{ name: 'ProvisionedThroughputExceededException' }, 'provisioned_throughput_exceeded', undefined, false],
    [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'econnrefused', undefined, false],
    [new TypeError('canary'), 'type_error', undefined, false],
    [{ name: 'a\ncanary <b>' }, 'unknown', undefined, false],
    ['canary', 'unknown', undefined, false],
    [null, 'unknown', undefined, false],
    [undefined, 'unknown', undefined, false],
  ])('%o is told by code and status', (thrown, code, status, isDenied) => {
    expect(toAwsFailure(thrown)).toEqual({ code, status, isDenied });
  });
});

describe('queue address', () => {
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
});
