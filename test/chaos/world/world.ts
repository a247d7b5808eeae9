import { mapStageQueues, toQueueName } from '../../../lib/aws/queues.ts';
import { OperationError } from '../../../lib/errors.ts';
import { parseWebsiteId } from '../../../lib/ids.ts';
import { createRandom, type Random } from '../../../lib/local/simulator/random.ts';
import { createOperations, type Operations } from '../../../lib/operate/operations.ts';
import type { OperatedStage } from '../../../lib/operate/stage.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import type { History } from '../oracle/history.ts';
import type { AwsDisturbances } from './aws/call.ts';
import { createFakeAws, type FakeSns, type InstanceClients } from './aws/fake-aws.ts';
import type { NamedQueue } from './aws/queue.ts';
import type { FakeSqs } from './aws/sqs.ts';
import { createCrispStore } from './crisp-store.ts';
import { createFakeCrisp, type FakeCrisp } from './fake-crisp.ts';
import { createHookSender, type HookSender } from './hooks.ts';
import { type CauseOfDeath, type Crossing, createInstances, type Instance, type Role } from './instances.ts';
import type { ConsumerMapping } from './mapping.ts';
import { createFakePlatform, type FakePlatform, type Schedule } from './platform.ts';
import { createDisturbances, createRecorder, type Disturbances, type Recorder } from './recorder.ts';
import { SECRETS, STAGE, toEnvironment, type WorldSettings } from './settings.ts';

/** Crisp, AWS and the functions between them, in one process and in virtual time. */
export interface World {
  readonly settings: WorldSettings;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly history: History;

  readonly crisp: FakeCrisp;
  readonly hooks: HookSender;
  readonly sqs: FakeSqs;
  readonly sessions: NamedQueue;
  readonly deadLetters: NamedQueue;
  readonly sns: FakeSns;
  /** SSM's, by variable. */
  readonly secrets: { set(name: string, value: string): void };
  readonly mapping: ConsumerMapping;
  readonly schedule: Schedule;
  readonly operator: Operator;

  /** Faults of calls to AWS. */
  readonly aws: AwsDisturbances;
  /** Who dies where. */
  readonly strikes: Disturbances<Crossing, CauseOfDeath>;
  /** By how much the clocks of a function's instances are ahead. */
  readonly skewMs: Record<Role, number>;
  /** Ends the idle instances of a function: the next ones start cold. */
  cool(role: 'webhook' | 'consumer' | 'probe'): void;

  /** What no code of ours may do: it would be frozen on Lambda. */
  readonly oddities: readonly string[];
  /** Nothing is under way, and nothing waits. */
  readonly isQuiet: boolean;
  advance(ms: number): Promise<void>;
  /** Lets time pass until all is quiet; false where that takes longer. */
  settle(limitMs: number): Promise<boolean>;
  /** Ends everything; nothing is noted any more. */
  end(): void;
}

export function createWorld(settings: WorldSettings): World {
  const random = createRandom(settings.seed);
  const clock = createVirtualClock(settings.startMs, { settle: endTurn });
  const recorder = createRecorder(clock);
  const base = (label: string) => ({ clock, recorder, random: random.fork(label) });

  const strikes = createDisturbances<Crossing, CauseOfDeath>();
  const instances = createInstances({ clock, recorder, strikes });
  const aws = createFakeAws({ settings, ...base('aws'), mappingState: () => platform.mapping.state });
  const store = createCrispStore(base('store'));
  const crisp = createFakeCrisp({ ...base('crisp'), store, habits: settings.crisp });
  const platform: FakePlatform = createFakePlatform({ settings, ...base('lambda'), instances, aws, crisp });
  const hooks = createHookSender({ ...base('hooks'), url: platform.url, habits: settings.hooks });
  const { spawn, skewMs, oddities } = instances;
  const operator = createOperator({ settings, recorder, spawn, clientsOf: aws.clientsOf });
  const { sqs, sessions, deadLetters, sns, secrets } = aws;
  const { mapping, schedule, cool } = platform;
  enterSecrets({ hooks, crisp, secrets });

  const world: World = {
    ...{ settings, clock, random, recorder, history: recorder.history },
    ...{ crisp, hooks, sqs, sessions, deadLetters, sns, secrets, mapping, schedule, operator },
    ...{ aws: aws.disturbances, strikes, skewMs, cool, oddities },
    get isQuiet() {
      const { waiting, delayed, inFlight } = sessions.queue.count();
      const isEmpty = waiting + delayed + inFlight === 0 && hooks.pending === 0 && sns.pending === 0;
      return isEmpty && mapping.isIdle && operator.isIdle && !sqs.isMoving();
    },
    advance: (ms) => clock.advance(ms),
    async settle(limitMs) {
      const endMs = clock.nowMs() + limitMs;
      while (!world.isQuiet && clock.nowMs() < endMs) await clock.advance(STEP_MS);
      return world.isQuiet;
    },
    end() {
      schedule.stop();
      strikes.clear();
      instances.end();
    },
  };
  return world;
}

const STEP_MS = 30_000;

/** Nothing in a world waits for the event loop: when the callbacks of this turn are through, all is at rest. */
function endTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function enterSecrets({ hooks, crisp, secrets }: Pick<World, 'hooks' | 'crisp' | 'secrets'>): void {
  const { identifier, key } = SECRETS.token;
  hooks.secret = SECRETS.hook;
  secrets.set('CRISP_HOOK_SECRETS', SECRETS.hook);
  secrets.set('CRISP_TOKEN_IDENTIFIER', identifier);
  secrets.set('CRISP_TOKEN_KEY', key);
  crisp.tokens.add(`${identifier}:${key}`);
}

interface OperatorDeps {
  readonly settings: WorldSettings;
  readonly recorder: Recorder;
  readonly spawn: (role: Role) => Instance;
  readonly clientsOf: (instance: Instance) => InstanceClients;
}

/** A person with the command line; each command is a process of its own, which may be ended in its midst. */
interface Operator {
  /** No command runs. */
  readonly isIdle: boolean;
  /** Runs a command; what it prints, or says where it fails, stands in the history. */
  run(action: string, command: (operations: Operations) => Promise<unknown>): Promise<void>;
}

function createOperator({ settings, recorder, spawn, clientsOf }: OperatorDeps): Operator {
  const { coalesceSeconds, marginSeconds } = settings;
  const stage = toStage(settings);
  let running = 0;

  return {
    get isIdle() {
      return running === 0;
    },
    async run(action, command) {
      recorder.note({ type: 'operated', action });
      running += 1;
      const instance = spawn('operator');
      instance.isBusy = true;
      const clients = clientsOf(instance);
      const operations = createOperations({
        clients: {
          ...clients,
          s3: async () => clients.s3,
          sns: async () => clients.sns,
          lambda: async () => clients.lambda,
          destroy() {},
        },
        clock: instance.clock,
        coalesce: { coalesceSeconds, marginSeconds },
        websiteIds: settings.websiteIds.flatMap((it) => parseWebsiteId(it) ?? []),
        stage,
      });
      const lived = await instance.outlive(command(operations));
      running -= 1;
      instance.kill('end');
      if (lived.outcome === 'died') return;
      const text = lived.outcome === 'returned' ? JSON.stringify(lived.value) : toText(lived.error);
      recorder.note({ type: 'line-written', by: instance.name, text: `${action}: ${text}` });
    },
  };
}

function toStage(settings: WorldSettings): OperatedStage {
  const environment = toEnvironment(settings);
  return {
    stage: STAGE,
    region: 'eu-west-1',
    queues: mapStageQueues(
      (name) => `https://sqs.eu-west-1.amazonaws.com/123456789012/${toQueueName(STAGE, name)}`,
    ),
    bucket: environment.ARCHIVE_BUCKET,
    topicArn: environment.RECORDS_TOPIC_ARN,
    table: environment.LEDGER_TABLE,
    consumer: { functionName: environment.CONSUMER_FUNCTION_NAME, queueArn: environment.SESSIONS_QUEUE_ARN },
    endpoints: undefined,
  };
}

/** What the command line shows of a failure. */
function toText(error: unknown): string {
  if (error instanceof OperationError) return error.message;
  return error instanceof Error ? error.name : typeof error;
}
