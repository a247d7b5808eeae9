import { onTestFinished } from 'vitest';
import { toInfraSettings } from '../../../lib/core/config/to-infra-settings.ts';
import { loadInfraTemplate, readEventSource } from '../../../lib/local/aws/infra.ts';
import { INFRA_DIRECTORY } from '../../../lib/local/aws/provision.ts';
import { createEventSourceMapping } from '../../../lib/local/lambda/event-source-mapping.ts';
import type { RunningFunction } from './start-function.ts';
import type { RuntimeScene } from './start-runtime-scene.ts';

/** Polls the sessions queue as Lambda does, by the numbers of the infra files; each environment is AWS's own client. */
export async function startPolling(scene: RuntimeScene) {
  const { clock, aws, resources } = scene;
  const settings = toInfraSettings({}, { isLocal: false, archiveBucketSuffix: '' });
  const infra = await loadInfraTemplate(INFRA_DIRECTORY, { stage: 'test', settings });
  const { batchSize, maximumConcurrency = 2, timeoutSeconds } = readEventSource(infra, 'consumer');
  const environments: RunningFunction[] = [];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const third = Promise.withResolvers<void>();
  const unfinished = [first, second, third];

  const mapping = createEventSourceMapping({
    sqs: aws.sqs,
    queueUrl: resources.queues.sessions,
    queueArn: resources.queueArns.sessions,
    batchSize,
    maximumConcurrency,
    timeoutSeconds,
    clock,
    async createInvoker() {
      const environment = await scene.start('consumer');
      environments.push(environment);
      return {
        invoke: (event, context) =>
          environment.invoke(event, { remainingMs: context.getRemainingTimeInMillis() }),
        terminate: environment.terminate,
      };
    },
    onEvent({ name }) {
      if (name === 'batch-finished') unfinished.shift()?.resolve();
    },
  });
  onTestFinished(async () => void (await mapping.stop({ graceMs: 0 })));
  mapping.start();

  return {
    /** In the order in which they were started. */
    environments,
    /** Each resolves when that batch is over, whatever its fate. */
    firstBatch: first.promise,
    secondBatch: second.promise,
    thirdBatch: third.promise,
    timeoutMs: timeoutSeconds * 1000,
  };
}
