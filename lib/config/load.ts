import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import {
  type ApiConfig,
  type ConsumerConfig,
  dropBlanks,
  type Environment,
  type ProbeConfig,
  type ReconcileConfig,
  type SummaryConfig,
  type WebhookConfig,
} from './config.ts';
import {
  checkStageFile,
  type InfraSettings,
  toFunctionEnvironment,
  toGivenSettings,
  toInfraSettings,
} from './infra-settings.ts';
import {
  type LocalConfig,
  type OperatorConfig,
  parseLocalConfig,
  parseOperatorConfig,
} from './local-config.ts';
import {
  parseApiConfig,
  parseConsumerConfig,
  parseProbeConfig,
  parseReconcileConfig,
  parseSummaryConfig,
  parseWebhookConfig,
} from './parse.ts';

/** The webhook's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadWebhookConfig(): WebhookConfig {
  return parseWebhookConfig(process.env);
}

/** The consumer's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadConsumerConfig(): ConsumerConfig {
  return parseConsumerConfig(process.env);
}

/** The API's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadApiConfig(): ApiConfig {
  return parseApiConfig(process.env);
}

/** The probe's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadProbeConfig(): ProbeConfig {
  return parseProbeConfig(process.env);
}

/** The sweep's configuration from this process's environment; throws `ConfigError` with all problems. */
export function loadReconcileConfig(): ReconcileConfig {
  return parseReconcileConfig(process.env);
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
  /** Every setting that was given, those of the template included; the stack records them. */
  readonly given: Readonly<Record<string, string>>;
  /** Those of them that the environment gives and the stage's file does not. */
  readonly notInFile: readonly string[];
  /** Region and profile of the file, for what the environment leaves open. */
  readonly place: Environment;
}

export interface DeployedPlace {
  readonly stage: string;
  /** Where `.env.{stage}` is looked for. */
  readonly folder: string;
}

/**
 * What the template needs, from `.env.{stage}` and the environment of whoever deploys; what stands in both is the
 * environment's, as the Serverless Framework has it. Throws `ConfigError` with all problems.
 */
export function loadDeploySettings(target?: DeployedPlace): DeploySettings {
  const file = target ? readStageFile(target) : {};
  const environment = { ...file, ...dropBlanks(process.env) };
  const given = toGivenSettings(environment);
  return {
    settings: toInfraSettings(environment, {
      isLocal: false,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills it in.
      archiveBucketSuffix: '-${AWS::AccountId}-${AWS::Region}',
    }),
    environment: toFunctionEnvironment(environment),
    given,
    notInFile: Object.keys(given).filter((name) => file[name] !== given[name]),
    place: Object.fromEntries(Object.entries(file).filter(([name]) => name.startsWith('AWS_'))),
  };
}

function readStageFile({ stage, folder }: DeployedPlace): Environment {
  const file = `.env.${stage}`;
  const path = join(folder, file);
  if (!existsSync(path)) return {};
  const text = readFileSync(path, 'utf8');
  const content = dropBlanks(parseEnv(text));
  checkStageFile({ stage, file, text, content });
  return content;
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
