import type { Clock } from '../clock.ts';
import type { ConsumerConfig } from '../config/config.ts';
import type { Secrets } from '../config/secret-reader.ts';
import { type CallQuota, createCallQuota } from '../ledger/quota.ts';
import { createDynamoQuotaNotes, type QuotaNotes, toTokenKey } from '../ledger/quota-notes.ts';
import type { LedgerTableDeps } from '../ledger/table.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { type CrispClient, createCrispApi } from './client.ts';
import type { CrispPool } from './http.ts';
import { createThrottle, type ThrottleShare } from './throttle.ts';

/** Of the configuration, where Crisp is and as what it is asked. */
type CrispConfig = Pick<ConsumerConfig, 'crispApiUrl' | 'crispTier' | 'maxResponseBytes'>;

interface OpenOptions {
  readonly pace: ThrottleShare;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool | undefined;
}

/** Crisp as the configuration has it, at a pace and with connections of its own. */
export function openCrisp(
  config: CrispConfig,
  { pace, random = Math.random, pool, ...options }: OpenOptions & { readonly quota?: CallQuota },
): CrispClient {
  return createCrispApi({
    ...options,
    ...(pool && { pool }),
    baseUrl: config.crispApiUrl,
    tier: config.crispTier,
    maxResponseBytes: config.maxResponseBytes,
    throttle: createThrottle({ ...pace, clock: options.clock, random }),
  });
}

/** The same, and how many calls of its token's day the stage may make. */
export type CountedCrispConfig = CrispConfig &
  Pick<ConsumerConfig, 'dailyQuota' | 'quotaLiveShare' | 'instances'>;

interface CountedCrisp {
  readonly crisp: CrispClient;
  readonly quota: CallQuota;
  readonly quotaNotes: QuotaNotes;
}

/** The same, with each request counted against the day's calls of its token in the ledger. */
export function openCountedCrisp(
  config: CountedCrispConfig,
  options: OpenOptions & { readonly telemetry: Telemetry; readonly ledger: LedgerTableDeps },
): CountedCrisp {
  const { ledger, secrets, clock, telemetry } = options;
  const quotaNotes = createDynamoQuotaNotes({ ...ledger, findKey: () => toTokenKey(secrets) });
  const { dailyQuota, quotaLiveShare: liveShare, instances } = config;
  const quota = createCallQuota({ notes: quotaNotes, dailyQuota, liveShare, instances, clock, telemetry });
  return { crisp: openCrisp(config, { ...options, quota }), quota, quotaNotes };
}
