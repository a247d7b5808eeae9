import { expect, test } from 'vitest';
import {
  type Evidence,
  isControlFailure,
  isLongRefusal,
  toEvidence,
} from '../../../lib/core/breaker/to-evidence.ts';
import { JOB_ERRORS, JobError, type JobErrorCode } from '../../../lib/core/errors/job-error.ts';

// What is not named here says nothing about other sessions.
const SPEAKING: Partial<Record<JobErrorCode, Evidence>> = {
  crisp_unreachable: 'crisp',
  crisp_timeout: 'crisp',
  crisp_unavailable: 'crisp',
  crisp_error: 'crisp',
  unexpected_redirect: 'crisp',
  bad_response: 'crisp',
  bad_encoding: 'crisp',
  crisp_auth_failed: 'crisp',
  crisp_tls_failed: 'crisp',
  crisp_route_unknown: 'crisp',
  crisp_quota_exceeded: 'refusal',
  crisp_rate_limited: 'refusal',
  crisp_forbidden: 'verdict',
  crisp_not_subscribed: 'verdict',
  crisp_rejected: 'verdict',
  session_mismatch: 'verdict',
  response_too_large: 'verdict',
  downstream_denied: 'denied',
  archive_failed: 'platform',
  topic_failed: 'platform',
  unexpected: 'platform',
};

// The keys of the table are its codes.
const CODES = Object.keys(JOB_ERRORS) as JobErrorCode[];

test.each(CODES)('%s says about other sessions what the table says', (code) => {
  expect(toEvidence(new JobError(code))).toBe(SPEAKING[code] ?? 'none');
});

test.each([
  ['crisp_rate_limited', 60_000, false],
  ['crisp_rate_limited', 60_001, true],
  ['crisp_quota_exceeded', undefined, true],
] as const)('%s that asks for %s ms lasts: %s', (code, retryAfterMs, isLong) => {
  expect(isLongRefusal(new JobError(code, retryAfterMs === undefined ? {} : { retryAfterMs }))).toBe(isLong);
});

test('that the token may not read the website says nothing, and the control call was answered', () => {
  const forbidden = new JobError('crisp_forbidden', { route: 'website' });

  expect([toEvidence(forbidden), isControlFailure(forbidden)]).toEqual(['none', false]);
});

test.each([
  ['crisp_unavailable', true],
  ['crisp_auth_failed', true],
  ['crisp_quota_exceeded', true],
  ['crisp_not_subscribed', true],
  ['crisp_rejected', false],
  ['deadline_reached', false],
] as const)('a control call that fails with %s counts: %s', (code, counts) => {
  expect(isControlFailure(new JobError(code, { route: 'website' }))).toBe(counts);
});
