import * as z from 'zod/mini';
import type { WebhookConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { HOOK_VARIABLES, toHookSettings } from './hook-settings.ts';
import { parseEnvironment } from './parse-environment.ts';
import { COMMON_VARIABLES, toCommonConfig } from './to-common-config.ts';
import { variables } from './variables.ts';

const webhookVariables = z.pick(variables, {
  ...COMMON_VARIABLES,
  ...HOOK_VARIABLES,
  SESSIONS_QUEUE_URL: true,
});

/** The webhook's configuration; throws `ConfigError` with all problems. */
export function parseWebhookConfig(environment: Environment): WebhookConfig {
  const needs = { hookSecrets: true, crispToken: false };
  const { values, secrets } = parseEnvironment(environment, webhookVariables, needs);
  return Object.freeze({
    ...toCommonConfig(values, secrets),
    ...toHookSettings(values),
    sessionsQueueUrl: values.SESSIONS_QUEUE_URL,
  });
}
