import * as z from 'zod/mini';
import { dropBlanks, type Environment } from './environment.ts';
import { LOCAL_DEFAULTS } from './local-defaults.ts';
import { parseEnvironment } from './parse-environment.ts';
import { RESOURCE_VARIABLES, variables } from './variables.ts';

/** What the infra files call `${self:custom.settings.NAME}`. A type alias, so that it can be looked up by name. */
export type InfraSettings = {
  /** Delay of the sessions queue: one bucket and its margin. */
  readonly sessionsDelaySeconds: number;
  /** MaximumConcurrency of the consumer's event source mapping. */
  readonly consumerConcurrency: number;
  readonly archiveBucketSuffix: string;
  readonly archiveRetentionDays: number;
};

export interface InfraTarget {
  /** Local mode has its own defaults. */
  readonly isLocal: boolean;
  /** Bucket names are global, so on AWS this must be the stack's own. */
  readonly archiveBucketSuffix: string;
}

const deployedVariables = z.omit(variables, RESOURCE_VARIABLES);

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
  return {
    sessionsDelaySeconds: values.COALESCE_SECONDS + values.COALESCE_MARGIN_SECONDS,
    consumerConcurrency: values.CONSUMER_CONCURRENCY,
    archiveBucketSuffix,
    archiveRetentionDays: values.ARCHIVE_RETENTION_DAYS,
  };
}

/** Whoever deploys may have secrets of their own machine around them: they are neither checked nor passed on. */
function withoutSecrets(environment: Environment): Environment {
  const { CRISP_HOOK_SECRETS, CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY, CRISP_SECRETS_PATH, ...rest } =
    environment;
  return rest;
}
