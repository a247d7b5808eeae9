import * as z from 'zod/mini';
import type { ProbeConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { parseEnvironment } from './parse-environment.ts';
import { COMMON_VARIABLES, toCommonConfig } from './to-common-config.ts';
import { variables } from './variables.ts';

const probeVariables = z.pick(variables, {
  ...COMMON_VARIABLES,
  CRISP_API_URL: true,
  CRISP_TIER: true,
  MAX_RESPONSE_BYTES: true,
  SESSIONS_QUEUE_ARN: true,
  CONSUMER_FUNCTION_NAME: true,
  LEDGER_TABLE: true,
});

/** The probe's configuration; throws `ConfigError` with all problems. */
export function parseProbeConfig(environment: Environment): ProbeConfig {
  const needs = { hookSecrets: false, crispToken: true };
  const { values, secrets } = parseEnvironment(environment, probeVariables, needs);
  return Object.freeze({
    ...toCommonConfig(values, secrets),
    crispApiUrl: values.CRISP_API_URL,
    crispTier: values.CRISP_TIER,
    maxResponseBytes: values.MAX_RESPONSE_BYTES,
    sessionsQueueArn: values.SESSIONS_QUEUE_ARN,
    consumerFunctionName: values.CONSUMER_FUNCTION_NAME,
    ledgerTable: values.LEDGER_TABLE,
  });
}
