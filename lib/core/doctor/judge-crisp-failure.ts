import type { JobError, JobErrorCode } from '../errors/job-error.ts';
import type { Finding } from './finding.ts';

/** What a request that Crisp did not answer well says about the set-up. */
export function judgeCrispFailure(check: string, error: JobError): Finding {
  const remedy =
    REMEDIES_OF_A_REASON[error.reason] ?? REMEDIES[error.code] ?? 'see the code in docs/errors.md';
  return { check, state: 'fail', message: `Crisp: ${error.message}`, remedy };
}

const WAIT = 'run this again in a few minutes; the pipeline itself waits and goes on';
const NETWORK = 'check CRISP_API_URL and the way from this machine to it (DNS, proxy, firewall)';

const REMEDIES_OF_A_REASON: Readonly<Partial<Record<string, string>>> = {
  'crisp_unavailable:website_missing': 'correct CRISP_WEBSITE_IDS: Crisp has no such website',
  'crisp_unavailable:foreign_answer':
    'if it lasts, correct CRISP_API_URL, or look at the proxies in between: what answers there is not Crisp',
};

const REMEDIES: Partial<Record<JobErrorCode, string>> = {
  crisp_auth_failed: 'enter the token anew, both halves of the same one, and check CRISP_TIER',
  crisp_forbidden: 'grant the token the scope, or use one of the tier that the route wants',
  crisp_not_subscribed: 'install the plugin on this website, or correct CRISP_WEBSITE_IDS',
  crisp_route_unknown: 'correct CRISP_API_URL: it ends with /v1',
  unexpected_redirect: 'correct CRISP_API_URL: redirects are not followed',
  bad_response: 'correct CRISP_API_URL: what answers there is not Crisp',
  crisp_tls_failed: 'look at the certificate that CRISP_API_URL shows, and at proxies in between',
  crisp_unreachable: NETWORK,
  crisp_timeout: NETWORK,
  crisp_unavailable: WAIT,
  crisp_rate_limited: WAIT,
  crisp_quota_exceeded: 'wait until Crisp’s day is over, or ask Crisp for a higher quota',
};
