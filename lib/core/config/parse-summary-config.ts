import * as z from 'zod/mini';
import type { SummaryConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { parseEnvironment } from './parse-environment.ts';
import { variables } from './variables.ts';

const summaryVariables = z.pick(variables, {
  LOG_LEVEL: true,
  METRICS_NAMESPACE: true,
  STAGE: true,
  ALARM_TOPIC_ARN: true,
});

/** The summary's configuration, which has no secrets; throws `ConfigError` with all problems. */
export function parseSummaryConfig(environment: Environment): SummaryConfig {
  const needs = { hookSecrets: false, crispToken: false };
  const { values } = parseEnvironment(environment, summaryVariables, needs);
  return Object.freeze({
    stage: values.STAGE,
    logLevel: values.LOG_LEVEL,
    metricsNamespace: values.METRICS_NAMESPACE,
    alarmTopicArn: values.ALARM_TOPIC_ARN,
  });
}
