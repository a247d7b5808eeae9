import { createSecrets } from '../adapters/secrets/create-secrets.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createConsumerHandler } from './create-consumer-handler.ts';
import { loadConsumerConfig } from './load-config.ts';

/**
 * The consumer of this process's environment. A wrong configuration ends the function at its start: the log names every
 * problem, and the messages stay in the queue.
 */
export function startConsumer() {
  const config = loadConsumerConfig();
  return createConsumerHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
}
