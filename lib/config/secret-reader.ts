import { createSsmParameterReader, type ReadSsmParameter } from '../aws/parameters.ts';
import type { Clock } from '../clock.ts';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { redactSecrets, toSecretPattern } from '../redact.ts';
import { type ApiKey, parseApiKeys } from './api-keys.ts';
import type { CrispToken, SecretsConfig } from './config.ts';
import { parseCrispToken, parseHookSecrets } from './secrets.ts';

export interface SecretOptions {
  /**
   * True after a secret was rejected: it may have been rotated, so it is read again, but never within a minute of the
   * last read: a flood of rejections must be no flood of reads. Until then, and where the read fails, the known value is
   * given.
   */
  readonly fresh?: boolean;
}

/** The secrets, read when they are needed: on AWS they may appear, or be rotated, while the function is warm. */
export interface Secrets {
  /** One to four signing secrets or URL keys; empty where none exists yet. */
  hookSecrets(options?: SecretOptions): Promise<readonly string[]>;
  /** Undefined where none exists yet. */
  crispToken(options?: SecretOptions): Promise<CrispToken | undefined>;
  /** Empty where none exists yet. */
  apiKeys(options?: SecretOptions): Promise<readonly ApiKey[]>;
}

/** The secrets from where the configuration says that they are. */
export function createSecrets(config: SecretsConfig, clock: Clock): Secrets {
  switch (config.source) {
    case 'environment':
      return createEnvironmentSecrets(config);
    case 'ssm':
      return createSsmSecrets({ path: config.path, areUrlKeys: config.areUrlKeys, clock });
    default:
      return config satisfies never;
  }
}

/** Secrets that stood in the environment and were checked at start. */
export function createEnvironmentSecrets({
  hookSecrets,
  crispToken,
  apiKeys = [],
}: Extract<SecretsConfig, { source: 'environment' }>): Secrets {
  return {
    hookSecrets: async () => hookSecrets,
    crispToken: async () => crispToken,
    apiKeys: async () => apiKeys,
  };
}

interface KnownSecrets {
  /** The same secrets. */
  readonly secrets: Secrets;
  /** Takes out of a text all that was read from them until now, also what has been replaced since. */
  readonly redact: (text: string) => string;
}

/** Remembers every secret that is read, for the last look at what is logged or noted. */
export function createKnownSecrets(secrets: Secrets): KnownSecrets {
  const patterns = new Map<string, RegExp | undefined>();

  return {
    secrets: {
      ...secrets,
      async hookSecrets(...options) {
        const hookSecrets = await secrets.hookSecrets(...options);
        for (const secret of hookSecrets) remember(secret);
        return hookSecrets;
      },
      async crispToken(...options) {
        const token = await secrets.crispToken(...options);
        if (token) for (const secret of [token.identifier, token.key]) remember(secret);
        return token;
      },
      async apiKeys(...options) {
        const keys = await secrets.apiKeys(...options);
        for (const { key } of keys) remember(key);
        return keys;
      },
    },
    redact: (text) => redactSecrets(text, [...patterns.values()].filter(isPattern)),
  };

  function remember(secret: string): void {
    if (!patterns.has(secret)) patterns.set(secret, toSecretPattern(secret));
  }
}

function isPattern(pattern: RegExp | undefined): pattern is RegExp {
  return pattern !== undefined;
}

interface SsmSecretsOptions {
  readonly path: string;
  /** True in website mode: hook secrets are held to the rule for keys of URLs. */
  readonly areUrlKeys?: boolean | undefined;
  readonly clock: Clock;
  /** By default one that gives up in time for an answer to Crisp. */
  readonly readSsm?: ReadSsmParameter;
}

/**
 * Secrets as SSM SecureString parameters: `path` and the variable's name, e.g. `/crisp-enrich/prod/CRISP_TOKEN_KEY`. A
 * parameter that does not exist yet is no error. Rejects where SSM does, and with `ConfigError` for a weak hook secret
 * or half a token.
 */
export function createSsmSecrets({
  path,
  areUrlKeys,
  clock,
  readSsm = createSsmParameterReader(),
}: SsmSecretsOptions): Secrets {
  const read = createParameterReader((name) => readSsm(`${path}${name}`), clock);

  return {
    async hookSecrets(options) {
      const text = await read('CRISP_HOOK_SECRETS', options);
      if (text === undefined) return [];
      const { secrets, problems } = parseHookSecrets(text, { areUrlKeys });
      refuse(problems);
      return secrets;
    },
    async crispToken(options) {
      const [identifier, key] = await Promise.all([
        read('CRISP_TOKEN_IDENTIFIER', options),
        read('CRISP_TOKEN_KEY', options),
      ]);
      const { token, problems } = parseCrispToken(identifier, key);
      refuse(problems);
      return token;
    },
    async apiKeys(options) {
      const text = await read('API_KEYS', options);
      if (text === undefined) return [];
      const { keys, problems } = parseApiKeys(text);
      refuse(problems);
      return keys;
    },
  };
}

function refuse(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Undefined where there is no parameter of that name; rejects where that cannot be told. */
type ReadParameter = (name: string, options?: SecretOptions) => Promise<string | undefined>;

/** A rotated secret is in use after this long at the latest; earlier where the old one is rejected. */
const SECRET_MAX_AGE_MS = 300_000;
/** What is known is not read again within this time, whatever is rejected: a flood of forgeries is no flood of reads. */
const MIN_AGE_MS = 60_000;
/** A secret that does not exist yet guards nothing, and is awaited: it works this long after it was entered. */
const MISSING_MS = 15_000;
/** A first read that failed is tried again after this long, then after twice as long, and so on. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 15_000;
/** How long a request waits for a read while there is a value to go on with. */
const PATIENCE_MS = 500;

/**
 * Spares the parameter store, whose few reads per second are shared by all functions of the account. What is known goes
 * on counting while it is read again, and when that fails: a secret does not become wrong because the store is away or
 * throttles. Whoever asks during a read shares it. A read is never left to the background of a request: Lambda freezes
 * it there.
 */
export function createParameterReader(read: (name: string) => ReturnType<ReadParameter>, clock: Clock) {
  const parameters = new Map<string, ReadOne>();

  const readParameter: ReadParameter = (name, { fresh = false } = {}) => {
    const readOne = parameters.get(name) ?? createParameter(() => read(name), clock);
    parameters.set(name, readOne);
    return readOne(fresh);
  };
  return readParameter;
}

type ReadOne = (fresh: boolean) => Promise<string | undefined>;

function createParameter(read: () => Promise<string | undefined>, clock: Clock): ReadOne {
  let known: { readonly value: string | undefined; readonly atMs: number } | undefined;
  let failure: { readonly error: unknown; readonly atMs: number } | undefined;
  let failures = 0;
  let underWay: Promise<void> | undefined;

  return async (fresh) => {
    const value = known?.value;
    if (isDue(fresh)) {
      underWay ??= readAnew().finally(() => {
        underWay = undefined;
      });
      // A secret was just rejected: only the newest one can still help. All others have a value to go on with.
      await (value === undefined || fresh ? underWay : atMost(PATIENCE_MS, underWay));
    }
    if (known) return known.value;
    throw failure?.error;
  };

  function isDue(fresh: boolean): boolean {
    if (failure && clock.nowMs() < failure.atMs + toRestMs()) return false;
    if (!known) return true;
    const minAgeMs = fresh ? MIN_AGE_MS : SECRET_MAX_AGE_MS;
    return clock.nowMs() >= known.atMs + (known.value === undefined ? MISSING_MS : minAgeMs);
  }

  function toRestMs(): number {
    if (known?.value !== undefined) return MIN_AGE_MS;
    return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
  }

  async function atMost(ms: number, work: Promise<void>): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const stop = clock.timer(ms, patience.resolve);
    await Promise.race([work, patience.promise]).finally(stop);
  }

  /** Never rejects: what it found is in `known` or `failure`. */
  async function readAnew(): Promise<void> {
    try {
      known = { value: await read(), atMs: clock.nowMs() };
      failure = undefined;
      failures = 0;
    } catch (error) {
      failures += 1;
      failure = { error, atMs: clock.nowMs() };
    }
  }
}
