import type { ConfigProblem } from '../errors/config-error.ts';
import type { SecretsConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { isOnAws } from './is-on-aws.ts';
import { parseCrispToken } from './parse-crisp-token.ts';
import { parseHookSecrets } from './parse-hook-secrets.ts';

export interface SecretNeeds {
  readonly hookSecrets: boolean;
  readonly crispToken: boolean;
}

export interface ReadSecrets {
  readonly secrets: SecretsConfig;
  readonly problems: readonly ConfigProblem[];
}

// An SSM hierarchy; SSM allows these characters.
const PATH = /^(\/[\w.-]+)+\/?$/;

/**
 * Says where the secrets are. With `CRISP_SECRETS_PATH` they are SSM parameters, which are read when they are needed;
 * without, they stand in the environment and are checked now. On AWS only SSM will do: everybody who may look at a
 * function's configuration sees its environment.
 */
export function readSecrets(environment: Environment, needs: SecretNeeds): ReadSecrets {
  const path = environment.CRISP_SECRETS_PATH?.trim() ?? '';
  const areUrlKeys = isInWebsiteMode(environment);
  if (isOnAws(environment) || path !== '') {
    return {
      secrets: {
        source: 'ssm',
        path: path.endsWith('/') ? path : `${path}/`,
        ...(areUrlKeys && { areUrlKeys }),
      },
      problems: [...findPathProblem(path, needs), ...findMisplaced(environment)],
    };
  }
  return readFromEnvironment(environment, needs);
}

function isInWebsiteMode({ CRISP_HOOK_MODE = '' }: Environment): boolean {
  return CRISP_HOOK_MODE.trim().toLowerCase() === 'website';
}

function findPathProblem(path: string, { hookSecrets, crispToken }: SecretNeeds): ConfigProblem[] {
  if (PATH.test(path)) return [];
  // A function that reads no secret is told of no place of them.
  if (path === '' && !hookSecrets && !crispToken) return [];
  const code = path === '' ? 'config_missing' : 'config_invalid';
  const message = 'expected a path of SSM parameters such as /crisp-enrich/prod/';
  return [{ code, variable: 'CRISP_SECRETS_PATH', message }];
}

function findMisplaced(environment: Environment): ConfigProblem[] {
  if (!isOnAws(environment)) return [];
  return (['CRISP_HOOK_SECRETS', 'CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY'] as const)
    .filter((variable) => environment[variable] !== undefined)
    .map((variable) => ({
      code: 'config_invalid',
      variable,
      message:
        'does not belong into the environment of a function: make it a parameter under CRISP_SECRETS_PATH',
    }));
}

function readFromEnvironment(environment: Environment, needs: SecretNeeds): ReadSecrets {
  const hooks = readHookSecrets(environment, needs.hookSecrets);
  const { token, problems } = readToken(environment, needs.crispToken);
  return {
    secrets: { source: 'environment', hookSecrets: hooks.secrets, crispToken: token },
    problems: [...hooks.problems, ...problems],
  };
}

function readHookSecrets(environment: Environment, isNeeded: boolean) {
  const { CRISP_HOOK_SECRETS: text } = environment;
  // Set to nothing is not the same as not set: somebody believes that there is a secret.
  if (text !== undefined) return parseHookSecrets(text, { areUrlKeys: isInWebsiteMode(environment) });
  const message = 'expected one to four secrets, separated by commas, found nothing';
  const missing: ConfigProblem = { code: 'config_missing', variable: 'CRISP_HOOK_SECRETS', message };
  return { secrets: [], problems: isNeeded ? [missing] : [] };
}

function readToken({ CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY }: Environment, isNeeded: boolean) {
  const parsed = parseCrispToken(CRISP_TOKEN_IDENTIFIER, CRISP_TOKEN_KEY);
  if (!isNeeded || parsed.token !== undefined || parsed.problems.length > 0) return parsed;
  const problems: ConfigProblem[] = (['CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY'] as const).map(
    (variable) => ({
      code: 'config_missing',
      variable,
      message: 'expected one half of a Crisp token, found nothing',
    }),
  );
  return { token: undefined, problems };
}
