import * as z from 'zod/mini';
import type { ConsumerConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { FETCH_VARIABLES, toFetchSettings } from './fetch-settings.ts';
import { parseEnvironment } from './parse-environment.ts';
import { COMMON_VARIABLES, toCommonConfig } from './to-common-config.ts';
import { RESOURCE_VARIABLES, variables } from './variables.ts';

const consumerVariables = z.pick(variables, {
  ...COMMON_VARIABLES,
  ...FETCH_VARIABLES,
  ...RESOURCE_VARIABLES,
});

/** The consumer's configuration; throws `ConfigError` with all problems. */
export function parseConsumerConfig(environment: Environment): ConsumerConfig {
  const needs = { hookSecrets: false, crispToken: true };
  const { values, secrets } = parseEnvironment(environment, consumerVariables, needs);
  return Object.freeze({
    ...toCommonConfig(values, secrets),
    ...toFetchSettings(values),
    sessionsQueueUrl: values.SESSIONS_QUEUE_URL,
    sessionsQueueArn: values.SESSIONS_QUEUE_ARN,
    consumerFunctionName: values.CONSUMER_FUNCTION_NAME,
    recordsTopicArn: values.RECORDS_TOPIC_ARN,
    archiveBucket: values.ARCHIVE_BUCKET,
    ledgerTable: values.LEDGER_TABLE,
  });
}
