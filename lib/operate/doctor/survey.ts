import { type Dispatcher, Pool } from 'undici';
import { type Clock, type ClockSample, toClockSample } from '../../clock.ts';
import type { CrispTier, CrispToken } from '../../config/config.ts';
import { classifyResponse, readEnvelope, toReasonToken } from '../../crisp/answers.ts';
import { type CrispPool, createCrispHttp } from '../../crisp/http.ts';
import { createThrottle } from '../../crisp/throttle.ts';
import { buildCrispUrl, type CrispQuery, type CrispSegment } from '../../crisp/url.ts';
import { JobError, toJobError } from '../../errors.ts';

/** Crisp asked for the sake of how it answers. */
export interface CrispSurvey {
  /** One GET, whatever comes of it; rejects for nothing that Crisp can do. */
  ask(segments: readonly CrispSegment[], query?: CrispQuery): Promise<SurveyAnswer>;
  /** Crisp's clock, by its newest answer. */
  readonly clockSample: ClockSample | undefined;
  close(): Promise<void>;
}

interface CrispSurveyDependencies {
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
    secrets: { hookSecrets: async () => [], apiKeys: async () => [], crispToken: async () => token },
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

/** Status and reason of an answer, e.g. `404 session_not_found`. */
export function describeAnswer(answer: SurveyAnswer): string {
  const { status, reason } = answer;
  if (status !== undefined) return [status, reason].filter(Boolean).join(' ');
  return answer.outcome === 'failure' ? answer.error.reason : 'no answer';
}

interface AnswerFacts {
  /** Of HTTP; undefined where no answer came. */
  readonly status: number | undefined;
  /** The envelope's reason, where it is a token. */
  readonly reason: string | undefined;
  /** Crisp's own word on its cache (`Bloom-Status`). */
  readonly cache: string | undefined;
  readonly hasRetryAfter: boolean;
}

/** How Crisp answered one request. */
export type SurveyAnswer = AnswerFacts &
  (
    | { readonly outcome: 'data'; readonly data: unknown; readonly hasMore: boolean }
    | { readonly outcome: 'failure'; readonly error: JobError }
  );

/** How many requests may still be sent, over several clients. */
interface CallBudget {
  /** Counts one request; throws `deadline_reached:call_budget` where it would be one too many. */
  spend(): void;
  readonly spent: number;
}

/** A budget of `max` requests. */
export function createCallBudget(max: number): CallBudget {
  let spent = 0;
  return {
    spend() {
      if (spent >= max) throw new JobError('deadline_reached', { detail: 'call_budget' });
      spent += 1;
    },
    get spent() {
      return spent;
    },
  };
}
