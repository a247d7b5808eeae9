import * as z from 'zod/mini';
import { ConfigError } from '../errors/config-error.ts';
import { dropBlanks, type Environment } from './environment.ts';
import { LOCAL_DEFAULTS } from './local-defaults.ts';
import { parseEnvironment } from './parse-environment.ts';
import { RESOURCE_VARIABLES, SUMMARY_VARIABLES, variables } from './variables.ts';

/** What the infra files call `${self:custom.settings.NAME}`. A type alias, so that it can be looked up by name. */
export type InfraSettings = {
  /** Delay of the sessions queue: one bucket and its margin. */
  readonly sessionsDelaySeconds: number;
  /** MaximumConcurrency of the consumer's event source mapping. */
  readonly consumerConcurrency: number;
  readonly archiveBucketSuffix: string;
  readonly archiveRetentionDays: number;
  /** Empty: nobody. */
  readonly alarmEmail: string;
  /** 0: no such alarm. */
  readonly noHooksAlarmHours: number;
  /** Which file of infra/encryption/ is laid over the others. */
  readonly encryption: 'managed-keys' | 'own-key';
  /** Empty with managed keys. */
  readonly kmsKeyArn: string;
  /** Absent: the webhook takes from what the account has unreserved. */
  readonly webhookReservedConcurrency?: number;
};

export interface InfraTarget {
  /** Local mode has its own defaults. */
  readonly isLocal: boolean;
  /** Bucket names are global, so on AWS this must be the stack's own. */
  readonly archiveBucketSuffix: string;
}

const deployedVariables = z.omit(variables, { ...RESOURCE_VARIABLES, ...SUMMARY_VARIABLES });

/**
 * The numbers of the infra files, computed from the variables that the functions read, so that neither can differ from
 * the other. Checks all variables but secrets and resources, and throws `ConfigError` with all problems.
 */
export function toInfraSettings(
  environment: Environment,
  { isLocal, archiveBucketSuffix }: InfraTarget,
): InfraSettings {
  const { values } = parseEnvironment(
    { ...(isLocal && LOCAL_DEFAULTS), ...withoutSecrets(dropBlanks(environment)) },
    deployedVariables,
    { hookSecrets: false, crispToken: false },
  );
  if (!isLocal) {
    refuseThinMargin(values.COALESCE_MARGIN_SECONDS);
    refuseAnyWebsite(values);
  }
  return {
    sessionsDelaySeconds: values.COALESCE_SECONDS + values.COALESCE_MARGIN_SECONDS,
    consumerConcurrency: values.CONSUMER_CONCURRENCY,
    archiveBucketSuffix,
    archiveRetentionDays: values.ARCHIVE_RETENTION_DAYS,
    alarmEmail: values.ALARM_EMAIL,
    noHooksAlarmHours: values.NO_HOOKS_ALARM_HOURS,
    encryption: values.KMS_KEY_ARN === '' ? 'managed-keys' : 'own-key',
    kmsKeyArn: values.KMS_KEY_ARN,
    ...(values.WEBHOOK_RESERVED_CONCURRENCY > 0 && {
      webhookReservedConcurrency: values.WEBHOOK_RESERVED_CONCURRENCY,
    }),
  };
}

// Webhook clocks may differ by half the margin, and Crisp's cache needs some time to forget.
const LEAST_DEPLOYED_MARGIN_SECONDS = 10;

function refuseThinMargin(marginSeconds: number): void {
  if (marginSeconds >= LEAST_DEPLOYED_MARGIN_SECONDS) return;
  const message = `expected at least ${LEAST_DEPLOYED_MARGIN_SECONDS} on AWS, found ${marginSeconds}`;
  throw new ConfigError([{ code: 'config_invalid', variable: 'COALESCE_MARGIN_SECONDS', message }]);
}

/** A website hook is not signed: only the list tells which website may be fetched for it. */
function refuseAnyWebsite({
  CRISP_HOOK_MODE: mode,
  CRISP_WEBSITE_IDS: ids,
}: Pick<z.output<typeof deployedVariables>, 'CRISP_HOOK_MODE' | 'CRISP_WEBSITE_IDS'>): void {
  if (mode !== 'website' || ids.length > 0) return;
  const message = 'expected the ids of the websites that are served, for CRISP_HOOK_MODE is website';
  throw new ConfigError([{ code: 'config_missing', variable: 'CRISP_WEBSITE_IDS', message }]);
}

/** Whoever deploys may have secrets of their own machine around them: they are neither checked nor passed on. */
function withoutSecrets(environment: Environment): Environment {
  const { CRISP_HOOK_SECRETS, CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY, CRISP_SECRETS_PATH, ...rest } =
    environment;
  return rest;
}
