import { createSecrets } from '../adapters/secrets/create-secrets.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { ConfigError } from '../core/errors/config-error.ts';
import { createUnavailableHandler } from './create-unavailable-handler.ts';
import { createWebhookHandler } from './create-webhook-handler.ts';
import { loadWebhookConfig } from './load-config.ts';
import { startFunction } from './start-function.ts';

/** The webhook of this process's environment; with a wrong configuration, one that says so to every delivery. */
export function startWebhook() {
  return startFunction(() => {
    try {
      const config = loadWebhookConfig();
      return createWebhookHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
    } catch (error) {
      if (error instanceof ConfigError) return createUnavailableHandler(error);
      throw error;
    }
  });
}
