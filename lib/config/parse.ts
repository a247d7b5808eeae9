import * as z from 'zod/mini';
import { CONFIG_PROBLEMS, ConfigError, type ConfigProblem } from '../errors.ts';
import {
  type ApiConfig,
  type CommonConfig,
  type ConsumerConfig,
  dropBlanks,
  type Environment,
  isOnAws,
  type ProbeConfig,
  type ReconcileConfig,
  type SecretsConfig,
  type SummaryConfig,
  type WebhookConfig,
} from './config.ts';
import { readSecrets, type SecretNeeds } from './secrets.ts';
import { findUnknownVariables, RESOURCE_VARIABLES, type VariableName, variables } from './variables.ts';

/** The variables that every part of the pipeline reads. */
export const COMMON_VARIABLES = {
  CRISP_WEBSITE_IDS: true,
  COALESCE_SECONDS: true,
  COALESCE_MARGIN_SECONDS: true,
  LOG_LEVEL: true,
  METRICS_NAMESPACE: true,
} as const satisfies Partial<Record<VariableName, true>>;

/** The variables that only the consumer reads, less its resources. */
export const FETCH_VARIABLES = {
  CRISP_API_URL: true,
  CRISP_TIER: true,
  CRISP_REQUESTS_PER_SECOND: true,
  CRISP_DAILY_QUOTA: true,
  QUOTA_LIVE_SHARE: true,
  CONSUMER_CONCURRENCY: true,
  API_CONCURRENCY: true,
  ENRICH_INCLUDE: true,
  PROFILE_CACHE_SECONDS: true,
  MAX_PAGES: true,
  MAX_CONVERSATION_BYTES: true,
  MAX_RESPONSE_BYTES: true,
  INLINE_LIMIT_BYTES: true,
  COALESCE_MAX_WAIT_SECONDS: true,
  MAX_ATTEMPTS: true,
  RETRY_BASE_SECONDS: true,
} as const satisfies Partial<Record<VariableName, true>>;

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

const reconcileVariables = z.pick(variables, {
  ...COMMON_VARIABLES,
  ...FETCH_VARIABLES,
  ON_REMOVED: true,
  SESSIONS_QUEUE_URL: true,
  ARCHIVE_BUCKET: true,
  LEDGER_TABLE: true,
});

/** The sweep's configuration; throws `ConfigError` with all problems. */
export function parseReconcileConfig(environment: Environment): ReconcileConfig {
  const needs = { hookSecrets: false, crispToken: true };
  const { values, secrets } = parseEnvironment(environment, reconcileVariables, needs);
  return Object.freeze({
    ...toCommonConfig(values, secrets),
    ...toFetchSettings(values),
    onRemoved: values.ON_REMOVED,
    sessionsQueueUrl: values.SESSIONS_QUEUE_URL,
    archiveBucket: values.ARCHIVE_BUCKET,
    ledgerTable: values.LEDGER_TABLE,
  });
}

const apiVariables = z.pick(variables, {
  ...COMMON_VARIABLES,
  ...FETCH_VARIABLES,
  SESSIONS_QUEUE_URL: true,
  SESSIONS_QUEUE_ARN: true,
  CONSUMER_FUNCTION_NAME: true,
  ARCHIVE_BUCKET: true,
  LEDGER_TABLE: true,
  STAGE: true,
});

/** The API's configuration; throws `ConfigError` with all problems. */
export function parseApiConfig(environment: Environment): ApiConfig {
  const needs = { hookSecrets: false, crispToken: true, apiKeys: true };
  const { values, secrets } = parseEnvironment(environment, apiVariables, needs);
  return Object.freeze({
    ...toCommonConfig(values, secrets),
    ...toFetchSettings(values),
    sessionsQueueUrl: values.SESSIONS_QUEUE_URL,
    sessionsQueueArn: values.SESSIONS_QUEUE_ARN,
    consumerFunctionName: values.CONSUMER_FUNCTION_NAME,
    archiveBucket: values.ARCHIVE_BUCKET,
    ledgerTable: values.LEDGER_TABLE,
    stage: values.STAGE,
  });
}

/** What Crisp's documents say that a token may do in a day, by its tier. */
const DAILY_QUOTAS = { plugin: 5000, website: 10_000 };

type FetchSettings = Pick<
  ConsumerConfig,
  | 'crispApiUrl'
  | 'crispTier'
  | 'requestsPerSecond'
  | 'dailyQuota'
  | 'quotaLiveShare'
  | 'instances'
  | 'include'
  | 'profileCacheSeconds'
  | 'maxPages'
  | 'maxConversationBytes'
  | 'maxResponseBytes'
  | 'inlineLimitBytes'
  | 'maxWaitSeconds'
  | 'maxAttempts'
  | 'retryBaseSeconds'
>;

export function toFetchSettings(
  values: Pick<z.output<typeof variables>, keyof typeof FETCH_VARIABLES>,
): FetchSettings {
  return {
    crispApiUrl: values.CRISP_API_URL,
    crispTier: values.CRISP_TIER,
    requestsPerSecond: values.CRISP_REQUESTS_PER_SECOND,
    dailyQuota: values.CRISP_DAILY_QUOTA ?? DAILY_QUOTAS[values.CRISP_TIER],
    quotaLiveShare: values.QUOTA_LIVE_SHARE,
    instances: values.CONSUMER_CONCURRENCY + values.API_CONCURRENCY,
    include: values.ENRICH_INCLUDE,
    profileCacheSeconds: values.PROFILE_CACHE_SECONDS,
    maxPages: values.MAX_PAGES,
    maxConversationBytes: values.MAX_CONVERSATION_BYTES,
    maxResponseBytes: values.MAX_RESPONSE_BYTES,
    inlineLimitBytes: values.INLINE_LIMIT_BYTES,
    maxWaitSeconds: values.COALESCE_MAX_WAIT_SECONDS,
    maxAttempts: values.MAX_ATTEMPTS,
    retryBaseSeconds: values.RETRY_BASE_SECONDS,
  };
}

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

/** The variables that only the webhook reads, less its resources. */
export const HOOK_VARIABLES = {
  CRISP_HOOK_MODE: true,
  CRISP_HOOK_MAX_AGE_SECONDS: true,
  TRIGGER_EVENTS: true,
} as const satisfies Partial<Record<VariableName, true>>;

const webhookVariables = z.pick(variables, {
  ...COMMON_VARIABLES,
  ...HOOK_VARIABLES,
  SESSIONS_QUEUE_URL: true,
  LEDGER_TABLE: true,
});

/** The webhook's configuration; throws `ConfigError` with all problems. */
export function parseWebhookConfig(environment: Environment): WebhookConfig {
  const needs = { hookSecrets: true, crispToken: false };
  const { values, secrets } = parseEnvironment(environment, webhookVariables, needs);
  return Object.freeze({
    ...toCommonConfig(values, secrets),
    ...toHookSettings(values),
    sessionsQueueUrl: values.SESSIONS_QUEUE_URL,
    ledgerTable: values.LEDGER_TABLE,
  });
}

const problemCode = z.enum(CONFIG_PROBLEMS);

interface ParsedEnvironment<Values> {
  readonly values: Values;
  readonly secrets: SecretsConfig;
}

/** Reads the variables of `schema` and the secrets. Throws one `ConfigError` that holds every problem there is. */
export function parseEnvironment<Schema extends z.ZodMiniObject>(
  environment: Environment,
  schema: Schema,
  needs: SecretNeeds,
): ParsedEnvironment<z.output<Schema>> {
  const read = schema.safeParse(dropBlanks(environment));
  const { secrets, problems } = readSecrets(environment, needs);
  const all = [
    ...(read.error?.issues.map(toProblem) ?? []),
    ...problems,
    ...findPlatformProblems(environment),
    ...findUnknownVariables(environment),
  ];
  if (!read.success || all.length > 0) throw new ConfigError(all);
  return { values: read.data, secrets };
}

function toProblem(issue: z.core.$ZodIssue): ConfigProblem {
  const params = issue.code === 'custom' ? issue.params : undefined;
  const { data: code = 'config_invalid' } = problemCode.safeParse(params?.code);
  return { code, variable: issue.path.join('.'), message: issue.message };
}

/** What a developer may do on one machine, and no function may on AWS. */
function findPlatformProblems(environment: Environment): ConfigProblem[] {
  if (!isOnAws(environment)) return [];
  const problems: ConfigProblem[] = [];
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    const message = 'switches the check of TLS certificates off: remove it';
    problems.push({ code: 'config_invalid', variable: 'NODE_TLS_REJECT_UNAUTHORIZED', message });
  }
  if (environment.CRISP_API_URL?.trim().toLowerCase().startsWith('http:')) {
    const message = 'expected https: a function has no Crisp on its own machine';
    problems.push({ code: 'config_invalid', variable: 'CRISP_API_URL', message });
  }
  return problems;
}

type HookSettings = Pick<WebhookConfig, 'hookMode' | 'hookMaxAgeSeconds' | 'triggers'>;

export function toHookSettings(
  values: Pick<z.output<typeof variables>, keyof typeof HOOK_VARIABLES>,
): HookSettings {
  return {
    hookMode: values.CRISP_HOOK_MODE,
    hookMaxAgeSeconds: values.CRISP_HOOK_MAX_AGE_SECONDS,
    triggers: values.TRIGGER_EVENTS,
  };
}

type CommonValues = Pick<z.output<typeof variables>, keyof typeof COMMON_VARIABLES>;

export function toCommonConfig(values: CommonValues, secrets: SecretsConfig): CommonConfig {
  return {
    websiteIds: values.CRISP_WEBSITE_IDS,
    coalesce: {
      coalesceSeconds: values.COALESCE_SECONDS,
      marginSeconds: values.COALESCE_MARGIN_SECONDS,
    },
    secrets,
    logLevel: values.LOG_LEVEL,
    metricsNamespace: values.METRICS_NAMESPACE,
  };
}
