import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { createCrispApi } from '../adapters/crisp/create-crisp-api.ts';
import type { CrispPool } from '../adapters/crisp/crisp-http.ts';
import { createThrottle } from '../adapters/crisp/throttle.ts';
import { createDynamoBreakerNotes } from '../adapters/ledger/dynamo-breaker-notes.ts';
import { createKnownSecrets } from '../adapters/secrets/known-secrets.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createPowertoolsTelemetry } from '../adapters/telemetry/powertools-telemetry.ts';
import { createSafeTelemetry } from '../adapters/telemetry/safe-telemetry.ts';
import type { ProbeConfig } from '../core/config/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConsumerSwitch } from '../ports/consumer-switch.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { createProbeCrisp } from '../use-cases/breaker/probe-crisp.ts';
import { createConsumerSwitch } from './create-consumer-switch.ts';
import { withoutForeignErrors } from './without-foreign-errors.ts';

export interface ProbeDependencies {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly dynamodb?: DynamoDBClient;
  readonly consumerSwitch?: ConsumerSwitch;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool;
}

// Three requests in a row are the most that a look makes; none of them waits, and no consumer's share is touched.
const PACE = { ratePerSecond: 1, burst: 3 };

// Nobody waits for the probe: it would rather know than go on without its notes.
const LEDGER_TIMES = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
};

/** The probe function: one look a minute, whatever the event says. */
export function createProbeHandler(config: ProbeConfig, dependencies: ProbeDependencies) {
  const { pool, clock = systemClock, dynamodb = new DynamoDBClient(LEDGER_TIMES) } = dependencies;
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { consumerSwitch = createConsumerSwitch(config, clock) } = dependencies;
  const { telemetry, middlewares } = dependencies.telemetry
    ? { telemetry: createSafeTelemetry(dependencies.telemetry, redact), middlewares: [] }
    : createPowertoolsTelemetry({
        service: 'probe',
        logLevel: config.logLevel,
        namespace: config.metricsNamespace,
        redact,
      });
  const probeCrisp = createProbeCrisp({
    notes: createDynamoBreakerNotes({ client: dynamodb, table: config.ledgerTable }),
    consumerSwitch,
    crisp: createCrispApi({
      baseUrl: config.crispApiUrl,
      tier: config.crispTier,
      maxResponseBytes: config.maxResponseBytes,
      throttle: createThrottle({ ...PACE, clock }),
      secrets,
      clock,
      telemetry,
      ...(pool && { pool }),
    }),
    clock,
    telemetry,
    websiteIds: config.websiteIds,
  });

  const handler = middy(async (_event: unknown): Promise<void> => probeCrisp()).use(middlewares);
  return withoutForeignErrors((event: unknown, context: Context) => handler(event, context));
}
