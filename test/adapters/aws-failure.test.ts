import { describe, expect, test } from 'vitest';
import { toAwsFailure } from '../../lib/adapters/aws-failure.ts';

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
