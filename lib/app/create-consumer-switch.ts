import { LambdaClient } from '@aws-sdk/client-lambda';
import { createLambdaConsumerSwitch } from '../adapters/lambda-consumer-switch.ts';
import type { TapConfig } from '../core/config/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConsumerSwitch } from '../ports/consumer-switch.ts';

// Two tries of a call end within the reserve that a run keeps for its deadline.
const TIMES = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
};

/** The switch of a deployed stage. Local mode has one of its own, so its client is none of `AwsClients`. */
export function createConsumerSwitch(config: TapConfig, clock: Clock): ConsumerSwitch {
  return createLambdaConsumerSwitch({
    client: new LambdaClient(TIMES),
    functionName: config.consumerFunctionName,
    queueArn: config.sessionsQueueArn,
    clock,
  });
}
