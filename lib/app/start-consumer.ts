import { createSecrets } from '../adapters/secrets/create-secrets.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createConsumerHandler } from './create-consumer-handler.ts';
import { createConsumerSwitch } from './create-consumer-switch.ts';
import { loadConsumerConfig } from './load-config.ts';
import { startFunction } from './start-function.ts';

/**
 * The consumer of this process's environment. A wrong configuration ends the function at its start: the log names every
 * problem, and the messages stay in the queue.
 */
export function startConsumer() {
  return startFunction(() => {
    const config = loadConsumerConfig();
    return createConsumerHandler(config, {
      secrets: createSecrets(config.secrets, systemClock),
      consumerSwitch: createConsumerSwitch(config, systemClock),
    });
  });
}
