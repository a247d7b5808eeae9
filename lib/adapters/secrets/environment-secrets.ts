import type { SecretsConfig } from '../../core/config/config.ts';
import type { Secrets } from '../../ports/secrets.ts';

/** Secrets that stood in the environment and were checked at start. */
export function createEnvironmentSecrets({
  hookSecrets,
  crispToken,
}: Extract<SecretsConfig, { source: 'environment' }>): Secrets {
  return {
    hookSecrets: async () => hookSecrets,
    crispToken: async () => crispToken,
  };
}
