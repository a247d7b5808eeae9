import * as z from 'zod/mini';
import type { ConsumerConfig, WebhookConfig } from './config.ts';
import { dropBlanks, type Environment } from './environment.ts';
import { FETCH_VARIABLES, toFetchSettings } from './fetch-settings.ts';
import { HOOK_VARIABLES, toHookSettings } from './hook-settings.ts';
import { LOCAL_DEFAULTS, SIMULATOR_DEFAULTS } from './local-defaults.ts';
import { parseEnvironment } from './parse-environment.ts';
import { COMMON_VARIABLES, toCommonConfig } from './to-common-config.ts';
import { DEFAULT_CRISP_API_URL, variables } from './variables.ts';

type ResourceField =
  | 'sessionsQueueUrl'
  | 'sessionsQueueArn'
  | 'consumerFunctionName'
  | 'recordsTopicArn'
  | 'archiveBucket'
  | 'ledgerTable';

/** The configuration of webhook and consumer together, less the resources, which local mode has yet to create. */
export interface LocalConfig extends Omit<WebhookConfig & ConsumerConfig, ResourceField> {
  /**
   * False without a Crisp token: then a built-in simulator stands in for Crisp, and the caller fills in its address,
   * its token and, where `secrets` has none, its hook secret.
   */
  readonly hasCrispCredentials: boolean;
}

const localVariables = z.pick(variables, { ...COMMON_VARIABLES, ...HOOK_VARIABLES, ...FETCH_VARIABLES });

/**
 * Local mode's configuration; throws `ConfigError` with all problems. Half a token is one; so is a token without a hook
 * secret, because no hook of the real Crisp could be believed; so is another Crisp's address without a token.
 */
export function parseLocalConfig(environment: Environment): LocalConfig {
  const { CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY } = dropBlanks(environment);
  const hasToken = Boolean(CRISP_TOKEN_IDENTIFIER || CRISP_TOKEN_KEY);
  const local = toLocalEnvironment(environment, hasToken);
  const { values, secrets } = parseEnvironment(local, localVariables, {
    hookSecrets: hasToken,
    crispToken: hasToken || pointsElsewhere(local),
  });
  return Object.freeze({
    ...toCommonConfig(values, secrets),
    ...toHookSettings(values),
    ...toFetchSettings(values),
    hasCrispCredentials: hasToken,
  });
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
