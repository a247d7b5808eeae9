import { GetParameterError, ParameterNotFoundError } from '@aws-lambda-powertools/parameters/errors';
import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { parseCrispToken } from '../../core/config/parse-crisp-token.ts';
import { parseHookSecrets } from '../../core/config/parse-hook-secrets.ts';
import { ConfigError, type ConfigProblem } from '../../core/errors/config-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { createParameterReader } from './parameter-reader.ts';

export interface SsmSecretsOptions {
  readonly path: string;
  /** True in website mode: hook secrets are held to the rule for keys of URLs. */
  readonly areUrlKeys?: boolean | undefined;
  readonly clock: Clock;
  /** By default one of its own, which gives up in time for an answer to Crisp. */
  readonly client?: SSMClient;
}

/**
 * Secrets as SSM SecureString parameters: `path` and the variable's name, e.g. `/crisp-enrich/prod/CRISP_TOKEN_KEY`. A
 * parameter that does not exist yet is no error. Rejects where SSM does, and with `ConfigError` for a weak hook secret
 * or half a token.
 */
export function createSsmSecrets({ path, areUrlKeys, clock, client }: SsmSecretsOptions): Secrets {
  const readSsm = createSsmReader(client);
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
  };
}

function refuse(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(problems);
}

function createSsmReader(client: SSMClient | undefined) {
  const clientConfig = {
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 500, requestTimeout: 800, throwOnRequestTimeout: true },
  };
  const provider = new SSMProvider(client ? { awsSdkV3Client: client } : { clientConfig });

  return async (name: string): Promise<string | undefined> => {
    try {
      // The reader knows when to ask again; the provider's own cache would only come in between.
      return await provider.get(name, { decrypt: true, forceFetch: true, throwOnMissing: true });
    } catch (error) {
      if (error instanceof ParameterNotFoundError) return undefined;
      throw error instanceof GetParameterError && error.cause ? error.cause : error;
    }
  };
}
