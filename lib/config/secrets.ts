import { ConfigError, type ConfigProblem, type ConfigProblemCode } from '../errors.ts';
import { type ApiKey, parseApiKeys } from './api-keys.ts';
import { type CrispToken, type Environment, isOnAws, type SecretsConfig } from './config.ts';

export interface SecretNeeds {
  readonly hookSecrets?: boolean;
  readonly crispToken?: boolean;
  readonly apiKeys?: boolean;
}

interface ReadSecrets {
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

function findPathProblem(path: string, { hookSecrets, crispToken, apiKeys }: SecretNeeds): ConfigProblem[] {
  if (PATH.test(path)) return [];
  // A function that reads no secret is told of no place of them.
  if (path === '' && !hookSecrets && !crispToken && !apiKeys) return [];
  const code = path === '' ? 'config_missing' : 'config_invalid';
  const message = 'expected a path of SSM parameters such as /crisp-enrich/prod/';
  return [{ code, variable: 'CRISP_SECRETS_PATH', message }];
}

function findMisplaced(environment: Environment): ConfigProblem[] {
  if (!isOnAws(environment)) return [];
  return STORED_SECRETS.filter((variable) => environment[variable] !== undefined).map((variable) => ({
    code: 'config_invalid',
    variable,
    message:
      'does not belong into the environment of a function: make it a parameter under CRISP_SECRETS_PATH',
  }));
}

function readFromEnvironment(
  environment: Environment,
  { hookSecrets = false, crispToken = false, apiKeys = false }: SecretNeeds,
): ReadSecrets {
  const hooks = readHookSecrets(environment, hookSecrets);
  const { token, problems } = readToken(environment, crispToken);
  const api = readApiKeys(environment, apiKeys);
  return {
    secrets: { source: 'environment', hookSecrets: hooks.secrets, crispToken: token, apiKeys: api.keys },
    problems: [...hooks.problems, ...problems, ...api.problems],
  };
}

/** None is no problem: the API then has no callers, or local mode makes a key for its own. */
function readApiKeys({ API_KEYS: text }: Environment, isNeeded: boolean) {
  if (!isNeeded || text === undefined || text === '') return { keys: [] as readonly ApiKey[], problems: [] };
  return parseApiKeys(text);
}

/** The secrets that hooks are signed with by hand. Throws `ConfigError`. */
export function readSigningSecrets(environment: Environment): readonly string[] {
  const { secrets, problems } = readHookSecrets(environment, false);
  if (problems.length > 0) throw new ConfigError(problems);
  return secrets;
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

/**
 * The token of local mode's simulated Crisp. It protects nothing: the simulator listens on loopback and holds invented
 * data, and a known token lets anyone, and `doctor`, ask it by hand.
 */
export const DEMO_TOKEN: CrispToken = { identifier: 'local-demo-token', key: 'local-demo-token-key' };

/**
 * Signs the hooks of local mode where `CRISP_HOOK_SECRETS` is not set. It protects nothing: local mode listens on loopback
 * and holds invented data, and a known secret lets anyone try the webhook by hand.
 */
export const DEMO_HOOK_SECRET = 'local-demo-hook-secret-known-to-everybody';

// What SSM takes as the value of a standard parameter.
const MAX_SECRET_BYTES = 4096;

/** What is wrong with a secret before it is stored, by the rules that its reader will hold it to. Shows no value. */
export function findSecretProblems(name: StoredSecretName, text: string): readonly ConfigProblem[] {
  if (text === '') return [{ code: 'config_secret_empty', variable: name, message: 'is empty' }];
  if (new TextEncoder().encode(text).length > MAX_SECRET_BYTES) {
    const message = `has more than ${MAX_SECRET_BYTES} bytes, which the parameter store does not take`;
    return [{ code: 'config_invalid', variable: name, message }];
  }
  switch (name) {
    case 'CRISP_HOOK_SECRETS':
      return parseHookSecrets(text).problems;
    // One half at a time: the other stands for one without a problem.
    case 'CRISP_TOKEN_IDENTIFIER':
      return parseCrispToken(text, OTHER_HALF).problems;
    case 'CRISP_TOKEN_KEY':
      return parseCrispToken(OTHER_HALF, text).problems;
    case 'API_KEYS':
      return parseApiKeys(text).problems;
    default:
      return name satisfies never;
  }
}

const OTHER_HALF = 'not-looked-at';

interface ParsedCrispToken {
  /** Undefined where there is none, or a half. */
  readonly token: CrispToken | undefined;
  readonly problems: readonly ConfigProblem[];
}

type TokenVariable = 'CRISP_TOKEN_IDENTIFIER' | 'CRISP_TOKEN_KEY';

/** Reads the keypair of a token; half of one is a problem, none is not. The values are in no message. */
export function parseCrispToken(identifier = '', key = ''): ParsedCrispToken {
  if (identifier === '' && key === '') return { token: undefined, problems: [] };
  const problems = [
    ...findProblem('CRISP_TOKEN_IDENTIFIER', identifier),
    ...findProblem('CRISP_TOKEN_KEY', key),
  ];
  return { token: problems.length === 0 ? { identifier, key } : undefined, problems };
}

function findProblem(variable: TokenVariable, text: string): ConfigProblem[] {
  const weakness = findTokenWeakness(variable, text);
  return weakness ? [{ variable, code: weakness[0], message: weakness[1] }] : [];
}

function findTokenWeakness(
  variable: TokenVariable,
  text: string,
): readonly [ConfigProblemCode, string] | undefined {
  if (text === '') return ['config_missing', 'is missing, while the other half of the token is there'];
  if (/\s/.test(text)) return ['config_secret_whitespace', 'has white space in it or around it'];
  if (isPlaceholder(text)) return ['config_secret_placeholder', 'is a placeholder'];
  // Basic authentication ends the user name at the first colon.
  if (variable === 'CRISP_TOKEN_IDENTIFIER' && text.includes(':'))
    return ['config_invalid', 'has a colon in it'];
  return undefined;
}

/** Long enough that nobody guesses it: Crisp's own secrets are longer. */
const MIN_HOOK_SECRET_LENGTH = 16;

/** A key stands in a URL, unsigned, where proxies and people see it, and is all that there is: as `openssl rand -hex 16`. */
export const MIN_URL_KEY_LENGTH = 32;

/** During a rotation the old and the new one, for two environments. */
const MAX_HOOK_SECRETS = 4;

interface HookSecretRules {
  /** True in website mode: they are keys of URLs, and signing secrets otherwise. */
  readonly areUrlKeys?: boolean | undefined;
}

interface HookSecrets {
  /** Only to be used where there are no problems. */
  readonly secrets: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads `CRISP_HOOK_SECRETS`, one to four between commas. A weak one is refused, and its value is in no message. */
export function parseHookSecrets(text: string, { areUrlKeys = false }: HookSecretRules = {}): HookSecrets {
  const secrets = text.split(',');
  const minLength = areUrlKeys ? MIN_URL_KEY_LENGTH : MIN_HOOK_SECRET_LENGTH;
  const problems = secrets.flatMap((secret, index) => {
    const weakness = findSecretWeakness(secret, minLength);
    return weakness ? [toProblem(weakness, index, secrets.length)] : [];
  });
  if (secrets.length > MAX_HOOK_SECRETS) {
    const message = `expected one to ${MAX_HOOK_SECRETS} secrets, found ${secrets.length}`;
    problems.push({ code: 'config_invalid', variable: 'CRISP_HOOK_SECRETS', message });
  }
  return { secrets, problems };
}

function toProblem([code, reason]: Weakness, index: number, count: number): ConfigProblem {
  const which = count === 1 ? 'the secret' : `secret ${index + 1} of ${count}`;
  return { code, variable: 'CRISP_HOOK_SECRETS', message: `${which} ${reason}` };
}

type Weakness = readonly [ConfigProblemCode, string];

/** The most decisive weakness: a placeholder is short as well, but that is not what is wrong with it. */
function findSecretWeakness(secret: string, minLength: number): Weakness | undefined {
  if (secret === '') return ['config_secret_empty', 'is empty'];
  if (/\s/.test(secret)) {
    return ['config_secret_whitespace', 'has white space in it or around it, a line break perhaps'];
  }
  if (isPlaceholder(secret)) return ['config_secret_placeholder', 'is a placeholder'];
  if (secret.length < minLength) {
    const kind =
      minLength === MIN_URL_KEY_LENGTH ? ', as a key in a URL must not be (CRISP_HOOK_MODE=website)' : '';
    return ['config_secret_too_short', `is shorter than ${minLength} characters${kind}`];
  }
  return undefined;
}

const PLACEHOLDERS = [
  /^<.*>$/,
  /^[.…x*]+$/i,
  /^\[.*\]$/,
  /^\$?\{.*\}$/,
  /^(your|my|the)[-_ ]?[a-z_ -]*(secret|key|token|identifier)s?$/i,
  /(change|replace)[-_ ]?(me|this)/i,
  /placeholder/i,
];

/** True for a text from a template that somebody forgot to fill in. */
function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.some((pattern) => pattern.test(text));
}

/** The secrets of a stage. Each is a parameter that bears its variable's name, under the stage's path. */
export const STORED_SECRETS = [
  'CRISP_HOOK_SECRETS',
  'CRISP_TOKEN_IDENTIFIER',
  'CRISP_TOKEN_KEY',
  'API_KEYS',
] as const;

export type StoredSecretName = (typeof STORED_SECRETS)[number];

/** Without the others the pipeline does nothing; without keys the API alone answers nobody. */
export const OPTIONAL_SECRETS: readonly StoredSecretName[] = ['API_KEYS'];

export function isStoredSecretName(text: string): text is StoredSecretName {
  return (STORED_SECRETS as readonly string[]).includes(text);
}

/** Where the functions of a stage look for their secrets, with the slash that separates it from the name. */
export function toSecretsPath(stage: string): string {
  return `/crisp-enrich/${stage}/`;
}
