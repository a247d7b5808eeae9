import type { Context, LambdaFunctionURLEvent, ScheduledEvent } from 'aws-lambda';
import { createLambdaMapping } from '../../../lib/breaker/mapping.ts';
import { createProbeHandler } from '../../../lib/breaker/probe.ts';
import { parseConsumerConfig, parseProbeConfig, parseWebhookConfig } from '../../../lib/config/parse.ts';
import { createKnownSecrets, createSsmSecrets } from '../../../lib/config/secret-reader.ts';
import { createConsumerHandler } from '../../../lib/consumer/handler.ts';
import { createDynamoSessionNotes } from '../../../lib/ledger/session-notes.ts';
import { toItemUpdate } from '../../../lib/ledger/table.ts';
import { createSdkParameterReader } from '../../../lib/operate/doctor/setup.ts';
import type { Telemetry } from '../../../lib/telemetry/events.ts';
import { createSafeTelemetry } from '../../../lib/telemetry/logger.ts';
import { createWebhookHandler } from '../../../lib/webhook/handler.ts';
import type { FakeAws, InstanceClients } from './aws/fake-aws.ts';
import type { FakeCrisp } from './fake-crisp.ts';
import type { Instance, Instances } from './instances.ts';
import {
  type ConsumerMapping,
  createConsumerMapping,
  createFunctionPool,
  type FunctionPool,
  invoke,
} from './mapping.ts';
import type { Part } from './recorder.ts';
import { CONSUMER_CONCURRENCY, toEnvironment, type WorldSettings } from './settings.ts';

/** Lambda, with the three functions and what invokes each. */
export interface FakePlatform {
  readonly url: FunctionUrl;
  readonly mapping: ConsumerMapping;
  readonly schedule: Schedule;
  /** Ends the idle instances of a function: the next ones start cold. */
  cool(role: 'webhook' | 'consumer' | 'probe'): void;
}

interface FakePlatformDeps extends Part {
  readonly settings: WorldSettings;
  readonly instances: Instances;
  readonly aws: FakeAws;
  readonly crisp: FakeCrisp;
}

export function createFakePlatform(deps: FakePlatformDeps): FakePlatform {
  const { clock, recorder, random, instances, aws } = deps;
  const functions = createFunctions(deps);
  const base = <Name extends 'webhook' | 'consumer' | 'probe'>(role: Name) => ({
    role,
    spawn: instances.spawn,
    random: random.fork(role),
  });
  const webhook = createFunctionPool({ ...base('webhook'), createHandler: functions.createWebhook });
  const consumer = createFunctionPool({ ...base('consumer'), createHandler: functions.createConsumer });
  const probe = createFunctionPool({ ...base('probe'), createHandler: functions.createProbe });
  const pools = { webhook, consumer, probe };

  return {
    url: createFunctionUrl({ clock, recorder, pool: webhook }),
    mapping: createConsumerMapping({
      clock,
      recorder,
      random: random.fork('mapping'),
      sessions: aws.sessions,
      pool: consumer,
      concurrency: CONSUMER_CONCURRENCY,
    }),
    schedule: createSchedule({ clock, recorder, pool: probe }),
    cool: (role) => pools[role].cool(),
  };
}

type WebhookHandler = ReturnType<typeof createWebhookHandler>;

/** A delivery as it comes over the network. */
interface HookRequest {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Function URLs encode what they do not take for text. */
  readonly isBase64: boolean;
}

export interface FunctionUrl {
  /** The status that the sender gets; Lambda's own 502 where the function gave no answer. */
  post(request: HookRequest): Promise<number>;
}

interface Invoked<Handler> extends Omit<Part, 'random'> {
  readonly pool: FunctionPool<Handler>;
}

// infra/functions.yml.
const URL_TIMEOUT_MS = 10_000;
const BAD_GATEWAY = 502;

function createFunctionUrl({ clock, recorder, pool }: Invoked<WebhookHandler>): FunctionUrl {
  return {
    async post(request) {
      const { deliveryId, eventId } = request;
      const warm = await pool.acquire();
      if (!warm) return BAD_GATEWAY;
      warm.instance.deliveryId = deliveryId;
      const event = toEvent(request, clock.nowMs());
      const deps = { clock, recorder, timeoutMs: URL_TIMEOUT_MS };
      const lived = await invoke(warm.instance, (context) => warm.handler(event, context), deps);
      warm.instance.deliveryId = undefined;
      pool.release(warm);
      if (lived.outcome !== 'returned') return BAD_GATEWAY;
      const { statusCode: status = 200, body = '' } = lived.value;
      recorder.note({ type: 'hook-answered', deliveryId, eventId, status, body });
      return status;
    },
  };
}

function toEvent({ query, headers, body, isBase64 }: HookRequest, nowMs: number): LambdaFunctionURLEvent {
  const http = {
    method: 'POST',
    path: '/webhook',
    protocol: 'HTTP/1.1',
    sourceIp: '203.0.113.9',
    userAgent: '',
  };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/webhook',
    rawQueryString: query,
    headers: { ...headers },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'chaos',
      domainName: 'example.com',
      domainPrefix: 'chaos',
      http,
      requestId: 'request',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: nowMs,
    },
    isBase64Encoded: isBase64,
    body: isBase64 ? body.toString('base64') : body.toString('utf8'),
  };
}

type ProbeHandler = (event: ScheduledEvent, context: Context) => Promise<void>;

export interface Schedule {
  /** False: EventBridge has been told to stop. */
  isOn: boolean;
  stop(): void;
}

// infra/functions.yml: rate(1 minute).
const EVERY_MS = 60_000;
const SCHEDULE_TIMEOUT_MS = 60_000;

/** EventBridge: invokes the probe every minute. */
function createSchedule({ clock, recorder, pool }: Invoked<ProbeHandler>): Schedule {
  let cancel = clock.schedule(clock.nowMs() + EVERY_MS, tick);
  const schedule: Schedule = { isOn: true, stop: () => cancel() };
  return schedule;

  function tick(): void {
    cancel = clock.schedule(clock.nowMs() + EVERY_MS, tick);
    if (schedule.isOn) void run();
  }

  async function run(): Promise<void> {
    const warm = await pool.acquire();
    if (!warm) return;
    await invoke(warm.instance, (context) => warm.handler(EVENT, context), {
      clock,
      recorder,
      timeoutMs: SCHEDULE_TIMEOUT_MS,
    });
    pool.release(warm);
  }
}

// The probe reads nothing of it.
const EVENT = {} as ScheduledEvent;

/** The functions as they are deployed, each called once for an instance: its state is the instance's. */
function createFunctions({ settings, random, recorder, crisp, aws: { clientsOf } }: FakePlatformDeps) {
  const environment = toEnvironment(settings);
  const consumerConfig = parseConsumerConfig(environment);
  const webhookConfig = parseWebhookConfig(environment);
  const probeConfig = parseProbeConfig(environment);

  function equip(instance: Instance) {
    const { clock } = instance;
    const clients = clientsOf(instance);
    const readSsm = createSdkParameterReader(clients.ssm);
    const read = createSsmSecrets({ path: environment.CRISP_SECRETS_PATH, clock, readSsm });
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

  function createMapping({ clock }: Instance, { lambda }: InstanceClients) {
    const { consumerFunctionName: functionName, sessionsQueueArn: queueArn } = consumerConfig;
    return createLambdaMapping({ client: lambda, functionName, queueArn, clock });
  }

  return {
    createWebhook(instance: Instance) {
      const { clients, ...equipment } = equip(instance);
      return createWebhookHandler(webhookConfig, {
        ...equipment,
        sqs: clients.sqs,
        sessions: createDynamoSessionNotes({ client: clients.dynamodb, table: webhookConfig.ledgerTable }),
        updateItem: toItemUpdate(clients.dynamodb),
      });
    },

    createConsumer(instance: Instance) {
      const equipment = equip(instance);
      return createConsumerHandler(consumerConfig, {
        ...equipment,
        random: random.fork(instance.name).next,
        pool: crisp.createPool(instance),
        mapping: createMapping(instance, equipment.clients),
      });
    },

    createProbe(instance: Instance) {
      const { clients, ...equipment } = equip(instance);
      return createProbeHandler(probeConfig, {
        ...equipment,
        dynamodb: clients.dynamodb,
        pool: crisp.createPool(instance),
        mapping: createMapping(instance, clients),
      });
    },
  };
}
