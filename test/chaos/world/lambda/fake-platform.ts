import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { FakeAws } from '../aws/fake-aws.ts';
import { createFunctions } from '../create-functions.ts';
import type { FakeCrisp } from '../crisp/fake-crisp.ts';
import type { Instances } from '../instances.ts';
import type { Recorder } from '../recorder.ts';
import { CONSUMER_CONCURRENCY, type WorldSettings } from '../settings.ts';
import { type ConsumerMapping, createConsumerMapping } from './consumer-mapping.ts';
import { createFunctionPool } from './function-pool.ts';
import { createFunctionUrl, type FunctionUrl } from './function-url.ts';
import { createSchedule, type Schedule } from './schedule.ts';

/** Lambda, with the three functions and what invokes each. */
export interface FakePlatform {
  readonly url: FunctionUrl;
  readonly mapping: ConsumerMapping;
  readonly schedule: Schedule;
  /** Ends the idle instances of a function: the next ones start cold. */
  cool(role: 'webhook' | 'consumer' | 'probe'): void;
}

export interface FakePlatformDeps {
  readonly settings: WorldSettings;
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly instances: Instances;
  readonly aws: FakeAws;
  readonly crisp: FakeCrisp;
}

export function createFakePlatform(deps: FakePlatformDeps): FakePlatform {
  const { settings, clock, recorder, random, instances, aws, crisp } = deps;
  const functions = createFunctions({ settings, recorder, random, crisp, clientsOf: aws.clientsOf });
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
