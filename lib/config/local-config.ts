import * as z from 'zod/mini';
import type { WebsiteId } from '../ids.ts';
import {
  type CoalesceWindow,
  type ConsumerConfig,
  dropBlanks,
  type Environment,
  type ReconcileConfig,
  SECRET_VARIABLES,
  type WebhookConfig,
} from './config.ts';
import { COMMON_VARIABLES, FETCH_VARIABLES, HOOK_VARIABLES, parseConfig, parseEnvironment } from './parse.ts';
import { loopbackUrl } from './rules.ts';
import { DEFAULT_CRISP_API_URL, variables } from './variables.ts';

type ResourceField =
  | 'sessionsQueueUrl'
  | 'sessionsQueueArn'
  | 'consumerFunctionName'
  | 'recordsTopicArn'
  | 'archiveBucket'
  | 'ledgerTable';

/** The configuration of webhook, consumer and sweeps together, less the resources, which local mode has yet to create. */
export interface LocalConfig
  extends Omit<WebhookConfig & ConsumerConfig, ResourceField>,
    Pick<ReconcileConfig, 'onRemoved'> {
  /**
   * False without a Crisp token: then a built-in simulator stands in for Crisp, and the caller fills in its address,
   * its token and, where `secrets` has none, its hook secret.
   */
  readonly hasCrispCredentials: boolean;
}

/**
 * Local mode's configuration; throws `ConfigError` with all problems. Half a token is one; so is a token without a hook
 * secret, because no hook of the real Crisp could be believed; so is another Crisp's address without a token.
 */
export function parseLocalConfig(environment: Environment): LocalConfig {
  const { CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY } = dropBlanks(environment);
  const hasToken = Boolean(CRISP_TOKEN_IDENTIFIER || CRISP_TOKEN_KEY);
  const local = toLocalEnvironment(environment, hasToken);
  const names = [...COMMON_VARIABLES, ...HOOK_VARIABLES, ...FETCH_VARIABLES, 'ON_REMOVED'] as const;
  const config = parseConfig(local, names, {
    hookSecrets: hasToken,
    crispToken: hasToken || pointsElsewhere(local),
    apiKeys: true,
  });
  return Object.freeze({ ...config, hasCrispCredentials: hasToken });
}

function toLocalEnvironment(environment: Environment, hasToken: boolean): Environment {
  return {
    ...environment,
    ...LOCAL_DEFAULTS,
    ...(!hasToken && SIMULATOR_DEFAULTS),
    ...dropBlanks(environment),
    // Secrets of one machine are in its environment, even where an SSM path is set for the tools of a stage.
    CRISP_SECRETS_PATH: undefined,
  };
}

/** True where somebody has named a Crisp of their own, which the simulator must not silently replace. */
function pointsElsewhere({ CRISP_API_URL = '' }: Environment): boolean {
  const address = CRISP_API_URL.trim().replace(/\/+$/, '');
  return address !== '' && address !== DEFAULT_CRISP_API_URL;
}

/** What an operator's commands need to know; no secret is among it. */
export interface OperatorConfig {
  /** Of local mode's front door. */
  readonly localUrl: URL;
  /** Empty: all. */
  readonly websiteIds: readonly WebsiteId[];
  /** Of the jobs that are enqueued by hand. */
  readonly coalesce: CoalesceWindow;
  /** Of records that are replayed. */
  readonly inlineLimitBytes: number;
  /** Where stages are, unless a command says otherwise; as `npm run deploy` chooses it. */
  readonly region: string;
  /** Of the AWS configuration; undefined: the default one. */
  readonly profile: string | undefined;
}

const DEFAULT_REGION = 'us-east-1';

/** The configuration of an operator's commands, for local mode or a stage; throws `ConfigError` with all problems. */
export function parseOperatorConfig(
  environment: Environment,
  { isLocal }: { readonly isLocal: boolean },
): OperatorConfig {
  const given = { ...(isLocal && LOCAL_DEFAULTS), ...dropBlanks(withoutSecrets(environment)) };
  const { values } = parseEnvironment(given, createVariables(), {});
  return {
    localUrl: values.CRISP_ENRICH_URL,
    websiteIds: values.CRISP_WEBSITE_IDS,
    coalesce: {
      coalesceSeconds: values.COALESCE_SECONDS,
      marginSeconds: values.COALESCE_MARGIN_SECONDS,
    },
    inlineLimitBytes: values.INLINE_LIMIT_BYTES,
    region: given.AWS_REGION ?? given.AWS_DEFAULT_REGION ?? DEFAULT_REGION,
    profile: given.AWS_PROFILE,
  };
}

// Made when it is needed: the functions, which import this file's neighbours, must not carry it.
function createVariables() {
  const { CRISP_WEBSITE_IDS, COALESCE_SECONDS, COALESCE_MARGIN_SECONDS, INLINE_LIMIT_BYTES } =
    variables.shape;
  const CRISP_ENRICH_URL = loopbackUrl('http://127.0.0.1:4700');
  return z.object({
    ...{ CRISP_WEBSITE_IDS, COALESCE_SECONDS, COALESCE_MARGIN_SECONDS, INLINE_LIMIT_BYTES },
    CRISP_ENRICH_URL,
  });
}

/** No command needs a secret of the pipeline, so none is read, and a wrong one is nobody's trouble here. */
function withoutSecrets(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !(SECRET_VARIABLES as readonly string[]).includes(name)),
  );
}

/** Where local mode differs from AWS: nobody wants to wait a minute for a demo, and one machine has one clock. */
export const LOCAL_DEFAULTS: Environment = {
  COALESCE_SECONDS: '2',
  COALESCE_MARGIN_SECONDS: '1',
  COALESCE_MAX_WAIT_SECONDS: '10',
};

/** With the simulator in Crisp's place there is no limit to respect but this machine's. */
const SIMULATOR_DEFAULTS: Environment = {
  CRISP_REQUESTS_PER_SECOND: '200',
  CRISP_DAILY_QUOTA: '100000',
};
