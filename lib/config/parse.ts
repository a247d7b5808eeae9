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
import { findUnknownVariables, type VariableName, variables } from './variables.ts';

/** The variables that every part of the pipeline reads. */
export const COMMON_VARIABLES = [
  'CRISP_WEBSITE_IDS',
  'COALESCE_SECONDS',
  'COALESCE_MARGIN_SECONDS',
  'LOG_LEVEL',
  'METRICS_NAMESPACE',
] as const satisfies readonly VariableName[];

/** The variables that only the consumer reads, less its resources. */
export const FETCH_VARIABLES = [
  'CRISP_API_URL',
  'CRISP_TIER',
  'CRISP_REQUESTS_PER_SECOND',
  'CRISP_DAILY_QUOTA',
  'QUOTA_LIVE_SHARE',
  'CONSUMER_CONCURRENCY',
  'API_CONCURRENCY',
  'ENRICH_INCLUDE',
  'PROFILE_CACHE_SECONDS',
  'MAX_PAGES',
  'MAX_CONVERSATION_BYTES',
  'MAX_RESPONSE_BYTES',
  'INLINE_LIMIT_BYTES',
  'COALESCE_MAX_WAIT_SECONDS',
  'MAX_ATTEMPTS',
  'RETRY_BASE_SECONDS',
] as const satisfies readonly VariableName[];

/** The variables that only the webhook reads, less its resources. */
export const HOOK_VARIABLES = [
  'CRISP_HOOK_MODE',
  'CRISP_HOOK_MAX_AGE_SECONDS',
  'TRIGGER_EVENTS',
] as const satisfies readonly VariableName[];

/** The consumer's configuration; throws `ConfigError` with all problems, as all of these do. */
export function parseConsumerConfig(environment: Environment): ConsumerConfig {
  const resources = ['SESSIONS_QUEUE_URL', ...MAPPING, 'RECORDS_TOPIC_ARN', ...STORES] as const;
  return parseConfig(environment, [...COMMON_VARIABLES, ...FETCH_VARIABLES, ...resources], {
    crispToken: true,
  });
}

const MAPPING = ['SESSIONS_QUEUE_ARN', 'CONSUMER_FUNCTION_NAME'] as const;
const STORES = ['ARCHIVE_BUCKET', 'LEDGER_TABLE'] as const;

/** The sweep's configuration. */
export function parseReconcileConfig(environment: Environment): ReconcileConfig {
  const own = ['ON_REMOVED', 'SESSIONS_QUEUE_URL', ...STORES] as const;
  return parseConfig(environment, [...COMMON_VARIABLES, ...FETCH_VARIABLES, ...own], { crispToken: true });
}

/** The API's configuration. */
export function parseApiConfig(environment: Environment): ApiConfig {
  const own = ['STAGE', 'SESSIONS_QUEUE_URL', ...MAPPING, ...STORES] as const;
  return parseConfig(environment, [...COMMON_VARIABLES, ...FETCH_VARIABLES, ...own], {
    crispToken: true,
    apiKeys: true,
  });
}

/** The probe's configuration. */
export function parseProbeConfig(environment: Environment): ProbeConfig {
  const own = ['CRISP_API_URL', 'CRISP_TIER', 'MAX_RESPONSE_BYTES', ...MAPPING, 'LEDGER_TABLE'] as const;
  return parseConfig(environment, [...COMMON_VARIABLES, ...own], { crispToken: true });
}

/** The summary's configuration, which has no secrets. */
export function parseSummaryConfig(environment: Environment): SummaryConfig {
  const names = ['LOG_LEVEL', 'METRICS_NAMESPACE', 'STAGE', 'ALARM_TOPIC_ARN'] as const;
  const { secrets: _secrets, ...config } = parseConfig(environment, names, {});
  return Object.freeze(config);
}

/** The webhook's configuration. */
export function parseWebhookConfig(environment: Environment): WebhookConfig {
  const own = [...HOOK_VARIABLES, 'SESSIONS_QUEUE_URL', 'LEDGER_TABLE'] as const;
  return parseConfig(environment, [...COMMON_VARIABLES, ...own], { hookSecrets: true });
}

/** The field that a variable becomes; those that are missing become one together, or are the tier's. */
const FIELDS = {
  CRISP_WEBSITE_IDS: 'websiteIds',
  LOG_LEVEL: 'logLevel',
  METRICS_NAMESPACE: 'metricsNamespace',
  CRISP_HOOK_MODE: 'hookMode',
  CRISP_HOOK_MAX_AGE_SECONDS: 'hookMaxAgeSeconds',
  TRIGGER_EVENTS: 'triggers',
  CRISP_API_URL: 'crispApiUrl',
  CRISP_TIER: 'crispTier',
  CRISP_REQUESTS_PER_SECOND: 'requestsPerSecond',
  QUOTA_LIVE_SHARE: 'quotaLiveShare',
  ENRICH_INCLUDE: 'include',
  PROFILE_CACHE_SECONDS: 'profileCacheSeconds',
  MAX_PAGES: 'maxPages',
  MAX_CONVERSATION_BYTES: 'maxConversationBytes',
  MAX_RESPONSE_BYTES: 'maxResponseBytes',
  INLINE_LIMIT_BYTES: 'inlineLimitBytes',
  COALESCE_MAX_WAIT_SECONDS: 'maxWaitSeconds',
  MAX_ATTEMPTS: 'maxAttempts',
  RETRY_BASE_SECONDS: 'retryBaseSeconds',
  ON_REMOVED: 'onRemoved',
  SESSIONS_QUEUE_URL: 'sessionsQueueUrl',
  SESSIONS_QUEUE_ARN: 'sessionsQueueArn',
  CONSUMER_FUNCTION_NAME: 'consumerFunctionName',
  RECORDS_TOPIC_ARN: 'recordsTopicArn',
  ARCHIVE_BUCKET: 'archiveBucket',
  LEDGER_TABLE: 'ledgerTable',
  STAGE: 'stage',
  ALARM_TOPIC_ARN: 'alarmTopicArn',
} as const satisfies Partial<Record<VariableName, string>>;

type Values = z.output<typeof variables>;
type Fields = typeof FIELDS;

/** What is made of the variables of these names, and of the secrets. */
type Config<Names extends VariableName> = {
  readonly [Name in Names & keyof Fields as Fields[Name]]: Values[Name];
} & ('COALESCE_SECONDS' extends Names ? Pick<CommonConfig, 'coalesce'> : unknown) &
  ('CRISP_DAILY_QUOTA' extends Names ? Pick<ConsumerConfig, 'dailyQuota' | 'instances'> : unknown) &
  Pick<CommonConfig, 'secrets'>;

/** What Crisp's documents say that a token may do in a day, by its tier. */
const DAILY_QUOTAS = { plugin: 5000, website: 10_000 };

/** Reads the variables of these names and the secrets. Throws one `ConfigError` that holds every problem there is. */
export function parseConfig<Names extends VariableName>(
  environment: Environment,
  names: readonly Names[],
  needs: SecretNeeds,
): Config<Names> {
  const mask: Partial<Record<VariableName, true>> = Object.fromEntries(names.map((name) => [name, true]));
  const { values, secrets } = parseEnvironment(environment, z.pick(variables, mask), needs);
  const read: Partial<Values> = values;
  const { CRISP_TIER = 'plugin', CRISP_DAILY_QUOTA } = read;
  const { CONSUMER_CONCURRENCY = 0, API_CONCURRENCY = 0 } = read;
  const config = {
    ...Object.fromEntries(
      names.flatMap((name) => (name in FIELDS ? [[FIELDS[name as keyof Fields], read[name]]] : [])),
    ),
    ...(mask.COALESCE_SECONDS && {
      coalesce: {
        coalesceSeconds: read.COALESCE_SECONDS,
        marginSeconds: read.COALESCE_MARGIN_SECONDS,
      },
    }),
    ...(mask.CRISP_DAILY_QUOTA && {
      dailyQuota: CRISP_DAILY_QUOTA ?? DAILY_QUOTAS[CRISP_TIER],
      instances: CONSUMER_CONCURRENCY + API_CONCURRENCY,
    }),
    secrets,
  };
  // Its fields are those of the names.
  return Object.freeze(config) as unknown as Config<Names>;
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
