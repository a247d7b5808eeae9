import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { ConsumerConfig, ProbeConfig, SummaryConfig, WebhookConfig } from '../core/config/config.ts';
import type { Environment } from '../core/config/environment.ts';
import { parseConsumerConfig } from '../core/config/parse-consumer-config.ts';
import { type LocalConfig, parseLocalConfig } from '../core/config/parse-local-config.ts';
import { type OperatorConfig, parseOperatorConfig } from '../core/config/parse-operator-config.ts';
import { parseProbeConfig } from '../core/config/parse-probe-config.ts';
import { parseSummaryConfig } from '../core/config/parse-summary-config.ts';
import { parseWebhookConfig } from '../core/config/parse-webhook-config.ts';
import { toFunctionEnvironment } from '../core/config/to-function-environment.ts';
import { type InfraSettings, toInfraSettings } from '../core/config/to-infra-settings.ts';

/** The webhook's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadWebhookConfig(): WebhookConfig {
  return parseWebhookConfig(process.env);
}

/** The consumer's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadConsumerConfig(): ConsumerConfig {
  return parseConsumerConfig(process.env);
}

/** The probe's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadProbeConfig(): ProbeConfig {
  return parseProbeConfig(process.env);
}

/** The summary's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadSummaryConfig(): SummaryConfig {
  return parseSummaryConfig(process.env);
}

/**
 * Local mode's configuration from the environment and from `.env` in the working directory; what stands in both is the
 * environment's. Throws `ConfigError` with all problems.
 */
export function loadLocalConfig(): LocalConfig {
  return parseLocalConfig(loadLocalEnvironment());
}

/** The numbers of the infra files for local mode, from the same sources. */
export function loadLocalInfraSettings(): InfraSettings {
  return toInfraSettings(loadLocalEnvironment(), { isLocal: true, archiveBucketSuffix: '' });
}

export interface DeploySettings {
  readonly settings: InfraSettings;
  /** What every function gets as its environment, secrets and resources apart. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What the template needs, from the environment of whoever deploys; throws `ConfigError` with all problems. */
export function loadDeploySettings(): DeploySettings {
  return {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills it in.
    settings: toInfraSettings(process.env, { isLocal: false, archiveBucketSuffix: '-${AWS::AccountId}' }),
    environment: toFunctionEnvironment(process.env),
  };
}

/**
 * What an operator's commands need: for local mode from the environment and `.env`, as local mode itself reads them; for
 * a stage on AWS from the environment alone. Throws `ConfigError` with all problems.
 */
export function loadOperatorConfig({ isLocal }: { readonly isLocal: boolean }): OperatorConfig {
  return parseOperatorConfig(isLocal ? loadLocalEnvironment() : process.env, { isLocal });
}

/** The environment of local mode, with `.env` for what it leaves open. */
export function loadLocalEnvironment(): Environment {
  const path = join(process.cwd(), '.env');
  return existsSync(path) ? { ...parseEnv(readFileSync(path, 'utf8')), ...process.env } : process.env;
}

/** True in a script of package.json. */
export function isRunByNpm(): boolean {
  return process.env.npm_lifecycle_event !== undefined;
}

/** True where Lambda's runtime runs this process: it hands out the events at this address. */
export function isInLambda(): boolean {
  return process.env.AWS_LAMBDA_RUNTIME_API !== undefined;
}
