import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { weighFailure } from '../../../lib/core/retry/weigh-failure.ts';

const SESSION = { blame: 'session', hasStarted: true } as const;

describe('what a failure costs', () => {
  test.each([
    'crisp_auth_failed',
    'crisp_tls_failed',
    'crisp_route_unknown',
    'downstream_denied',
    'crisp_rate_limited',
    'crisp_quota_exceeded',
  ] as const)('%s is the session’s own only where others are served', (code) => {
    const error = new JobError(code);

    expect(weighFailure(error, SESSION)).toBe('own');
    expect(weighFailure(error, { ...SESSION, blame: 'outage' })).toBe('excused');
    expect(weighFailure(error, { ...SESSION, blame: 'refusal' })).toBe('excused');
  });

  test.each(['crisp_unreachable', 'crisp_timeout', 'crisp_unavailable', 'bad_response'] as const)(
    '%s is the session’s own unless others fail as well',
    (code) => {
      const error = new JobError(code);

      expect(weighFailure(error, SESSION)).toBe('own');
      expect(weighFailure(error, { ...SESSION, blame: 'outage' })).toBe('excused');
    },
  );

  test('a verdict is final only where a healthy session shows that it is this one’s', () => {
    const error = new JobError('crisp_forbidden');

    expect(weighFailure(error, SESSION)).toBe('permanent');
    expect(weighFailure(error, { ...SESSION, blame: 'unconfirmed' })).toBe('own');
    expect(weighFailure(error, { ...SESSION, blame: 'outage' })).toBe('excused');
  });

  test('time that was up before any request is nobody’s failure', () => {
    const error = new JobError('deadline_reached');

    expect(weighFailure(error, { ...SESSION, hasStarted: false })).toBe('excused');
    expect(weighFailure(error, SESSION)).toBe('own');
  });
});
