import { expect, test } from 'vitest';
import { type Evidence, toEvidence } from '../../../lib/core/breaker/to-evidence.ts';
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
  crisp_auth_failed: 'outage',
  crisp_tls_failed: 'outage',
  crisp_route_unknown: 'outage',
  downstream_denied: 'outage',
  crisp_quota_exceeded: 'outage',
  crisp_rate_limited: 'refusal',
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
  [60_000, 'refusal'],
  [60_001, 'outage'],
])('a refusal that asks for %i ms is a %s', (retryAfterMs, evidence) => {
  expect(toEvidence(new JobError('crisp_rate_limited', { retryAfterMs }))).toBe(evidence);
});
