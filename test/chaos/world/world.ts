import { createRandom, type Random } from '../../../lib/local/simulator/random.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import type { History } from '../oracle/history.ts';
import type { AwsDisturbances } from './aws/aws-call.ts';
import { createFakeAws } from './aws/fake-aws.ts';
import type { FakeSns } from './aws/fake-sns.ts';
import type { FakeSqs } from './aws/sqs/fake-sqs.ts';
import type { NamedQueue } from './aws/sqs/named-queue.ts';
import { createCrispStore } from './crisp/crisp-store.ts';
import { createFakeCrisp, type FakeCrisp } from './crisp/fake-crisp.ts';
import { createDisturbances, type Disturbances } from './disturbances.ts';
import { createHookSender, type HookSender } from './hooks/hook-sender.ts';
import type { CauseOfDeath, Crossing, Role } from './instance.ts';
import { createInstances } from './instances.ts';
import type { ConsumerMapping } from './lambda/consumer-mapping.ts';
import { createFakePlatform, type FakePlatform } from './lambda/fake-platform.ts';
import type { Schedule } from './lambda/schedule.ts';
import { createOperator, type Operator } from './operator.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { SECRETS, type WorldSettings } from './settings.ts';

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
