import { createLambdaConsumerSwitch } from '../../../lib/adapters/lambda-consumer-switch.ts';
import { createKnownSecrets } from '../../../lib/adapters/secrets/known-secrets.ts';
import { createSsmSecrets } from '../../../lib/adapters/secrets/ssm-secrets.ts';
import { createSafeTelemetry } from '../../../lib/adapters/telemetry/safe-telemetry.ts';
import { createConsumerHandler } from '../../../lib/app/create-consumer-handler.ts';
import { createProbeHandler } from '../../../lib/app/create-probe-handler.ts';
import { createWebhookHandler } from '../../../lib/app/create-webhook-handler.ts';
import { parseConsumerConfig } from '../../../lib/core/config/parse-consumer-config.ts';
import { parseProbeConfig } from '../../../lib/core/config/parse-probe-config.ts';
import { parseWebhookConfig } from '../../../lib/core/config/parse-webhook-config.ts';
import type { Random } from '../../../lib/local/simulator/random.ts';
import type { Telemetry } from '../../../lib/ports/telemetry.ts';
import type { InstanceClients } from './create-clients.ts';
import type { FakeCrisp } from './crisp/fake-crisp.ts';
import type { Instance } from './instance.ts';
import type { Recorder } from './recorder.ts';
import { toEnvironment, type WorldSettings } from './settings.ts';

export interface FunctionDeps {
  readonly settings: WorldSettings;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly crisp: FakeCrisp;
  readonly clientsOf: (instance: Instance) => InstanceClients;
}

/** The functions as they are deployed, each called once for an instance: its state is the instance's. */
export function createFunctions({ settings, random, recorder, crisp, clientsOf }: FunctionDeps) {
  const environment = toEnvironment(settings);
  const consumerConfig = parseConsumerConfig(environment);
  const webhookConfig = parseWebhookConfig(environment);
  const probeConfig = parseProbeConfig(environment);

  function equip(instance: Instance) {
    const { clock } = instance;
    const clients = clientsOf(instance);
    const read = createSsmSecrets({ path: environment.CRISP_SECRETS_PATH, clock, client: clients.ssm });
    const { secrets, redact } = createKnownSecrets(read);
    return { clock, clients, secrets, telemetry: createSafeTelemetry(toLines(instance), redact) };
  }

  /** What the function logs, at the lowest level. */
  function toLines(instance: Instance): Telemetry {
    return {
      emit(event) {
        if (!instance.isDead)
          recorder.note({ type: 'line-written', by: instance.name, text: JSON.stringify(event) });
      },
    };
  }

  function createSwitch({ clock }: Instance, { lambda }: InstanceClients) {
    const { consumerFunctionName: functionName, sessionsQueueArn: queueArn } = consumerConfig;
    return createLambdaConsumerSwitch({ client: lambda, functionName, queueArn, clock });
  }

  return {
    createWebhook(instance: Instance) {
      const { clients, ...equipment } = equip(instance);
      return createWebhookHandler(webhookConfig, { ...equipment, sqs: clients.sqs });
    },

    createConsumer(instance: Instance) {
      const equipment = equip(instance);
      return createConsumerHandler(consumerConfig, {
        ...equipment,
        random: random.fork(instance.name).next,
        pool: crisp.createPool(instance),
        consumerSwitch: createSwitch(instance, equipment.clients),
      });
    },

    createProbe(instance: Instance) {
      const { clients, ...equipment } = equip(instance);
      return createProbeHandler(probeConfig, {
        ...equipment,
        dynamodb: clients.dynamodb,
        pool: crisp.createPool(instance),
        consumerSwitch: createSwitch(instance, clients),
      });
    },
  };
}
