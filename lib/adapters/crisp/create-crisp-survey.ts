import { type Dispatcher, Pool } from 'undici';
import type { CrispTier, CrispToken } from '../../core/config/config.ts';
import { classifyResponse } from '../../core/crisp/classify-response.ts';
import { buildCrispUrl, type CrispQuery, type CrispSegment } from '../../core/crisp/crisp-url.ts';
import { readEnvelope } from '../../core/crisp/read-envelope.ts';
import { toReasonToken } from '../../core/crisp/reason-token.ts';
import type { ClockSample } from '../../core/doctor/judge-clock.ts';
import type { SurveyAnswer } from '../../core/doctor/survey-answer.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CrispSurvey } from '../../ports/crisp-survey.ts';
import { toClockSample } from '../clock-sample.ts';
import type { CallBudget } from './call-budget.ts';
import { type CrispPool, createCrispHttp } from './crisp-http.ts';
import { createThrottle } from './throttle.ts';

export interface CrispSurveyDependencies {
  readonly baseUrl: URL;
  readonly tier: CrispTier;
  readonly token: CrispToken;
  readonly clock: Clock;
  readonly budget: CallBudget;
}

// Requests go one after the other. A look has a few; what is more (a long list of websites) is paced as a stage's are.
const REQUESTS_PER_SECOND = 10;
const BURST = 20;
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** A survey over HTTP, with the pipeline's own client and one token. */
export function createCrispSurvey(dependencies: CrispSurveyDependencies): CrispSurvey {
  const { baseUrl, tier, token, clock, budget } = dependencies;
  let headers: Headers = {};
  let clockSample: ClockSample | undefined;
  const pool = new Pool(baseUrl.origin, { allowH2: false });
  const observed: CrispPool = {
    // The client calls the form that returns a promise, and no other.
    request: (async (options: Dispatcher.RequestOptions) => {
      budget.spend();
      const sentMs = clock.nowMs();
      const answer = await pool.request(options);
      headers = answer.headers;
      clockSample = toClockSample(headers.date, { sentMs, receivedMs: clock.nowMs() }) ?? clockSample;
      return answer;
    }) as CrispPool['request'],
    destroy: pool.destroy.bind(pool) as CrispPool['destroy'],
  };
  const http = createCrispHttp({
    baseUrl,
    tier,
    clock,
    pool: observed,
    secrets: { hookSecrets: async () => [], crispToken: async () => token },
    throttle: createThrottle({ ratePerSecond: REQUESTS_PER_SECOND, burst: BURST, clock }),
    maxResponseBytes: MAX_RESPONSE_BYTES,
  });

  async function ask(segments: readonly CrispSegment[], query?: CrispQuery): Promise<SurveyAnswer> {
    headers = {};
    try {
      const url = buildCrispUrl(baseUrl, segments, query);
      const route = segments.filter((segment) => typeof segment === 'string').join('/');
      const response = await http.get({ url, route });
      const envelope = readEnvelope(response.body);
      const facts = {
        status: response.status,
        reason: envelope.kind === 'envelope' ? toReasonToken(envelope.envelope.reason) : undefined,
        cache: toCacheStatus(headers['bloom-status']),
        hasRetryAfter: response.retryAfter !== undefined,
      };
      const answer = classifyResponse(response, { nowMs: clock.nowMs(), requestUrl: url });
      return { ...facts, ...answer };
    } catch (thrown) {
      return { ...NO_ANSWER, outcome: 'failure', error: toJobError(thrown) };
    }
  }

  return {
    ask,
    get clockSample() {
      return clockSample;
    },
    close: http.close,
  };
}

const CACHE_STATUSES = new Set<unknown>(['HIT', 'MISS', 'DIRECT', 'OFFLINE', 'REJECT', 'BYPASS']);

/** One of the words that Crisp's cache has for it, or that it was another. */
function toCacheStatus(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  return typeof header === 'string' && CACHE_STATUSES.has(header) ? header : 'unreadable';
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const NO_ANSWER = { status: undefined, reason: undefined, cache: undefined, hasRetryAfter: false };
