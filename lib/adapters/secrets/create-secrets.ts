import type { SecretsConfig } from '../../core/config/config.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { createEnvironmentSecrets } from './environment-secrets.ts';
import { createSsmSecrets } from './ssm-secrets.ts';

/**
 * The secrets from where the configuration says that they are. Loads the client of SSM, which local mode has no use for:
 * it takes `createEnvironmentSecrets`.
 */
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
