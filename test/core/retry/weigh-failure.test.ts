import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { weighFailure } from '../../../lib/core/retry/weigh-failure.ts';

const SESSION = { blame: 'session', hasStarted: true } as const;

describe('what a failure costs', () => {
  test.each(['crisp_auth_failed', 'crisp_tls_failed', 'downstream_denied'] as const)(
    '%s is no session’s own, also where one is blamed for it',
    (code) => {
      expect(weighFailure(new JobError(code), SESSION)).toBe('excused');
    },
  );

  test.each(['crisp_rate_limited', 'crisp_quota_exceeded'] as const)('%s spends no attempt', (code) => {
    expect(weighFailure(new JobError(code), SESSION)).toBe('excused');
  });

  test.each(['crisp_unreachable', 'crisp_timeout', 'crisp_unavailable', 'bad_response'] as const)(
    '%s is the session’s own unless others fail as well',
    (code) => {
      const error = new JobError(code);

      expect(weighFailure(error, SESSION)).toBe('own');
      expect(weighFailure(error, { ...SESSION, blame: 'outage' })).toBe('excused');
    },
  );

  test('a permanent failure stays one during an outage', () => {
    expect(weighFailure(new JobError('crisp_forbidden'), { ...SESSION, blame: 'outage' })).toBe('permanent');
  });

  test('time that was up before any request is nobody’s failure', () => {
    const error = new JobError('deadline_reached');

    expect(weighFailure(error, { ...SESSION, hasStarted: false })).toBe('excused');
    expect(weighFailure(error, SESSION)).toBe('own');
  });
});
