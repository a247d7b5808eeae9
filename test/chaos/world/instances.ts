import type { VirtualClock } from '../../support/virtual-clock.ts';
import type { Disturbances } from './disturbances.ts';
import { type CauseOfDeath, type Crossing, createInstance, type Instance, type Role } from './instance.ts';
import type { Recorder } from './recorder.ts';

/** All instances that live, and how they come and go. */
export interface Instances {
  spawn(role: Role): Instance;
  /** By how much the clocks of a role's instances are ahead of the true one. */
  readonly skewMs: Record<Role, number>;
  /** What code of ours began although no invocation ran: Lambda would have frozen it. */
  readonly oddities: readonly string[];
  /** Ends them all, without a word. */
  end(): void;
}

export interface InstancesDeps {
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly strikes: Disturbances<Crossing, CauseOfDeath>;
}

export function createInstances({ clock, recorder, strikes }: InstancesDeps): Instances {
  const living = new Set<Instance>();
  const serials = { webhook: 0, consumer: 0, probe: 0, operator: 0 };
  const skewMs = { webhook: 0, consumer: 0, probe: 0, operator: 0 };
  const oddities: string[] = [];

  function bury(dead: Instance, why: CauseOfDeath): void {
    living.delete(dead);
    if (why !== 'end') recorder.note({ type: 'instance-killed', instance: dead.name, why });
  }

  return {
    skewMs,
    oddities,
    spawn(role) {
      serials[role] += 1;
      const instance = createInstance(`${role}-${serials[role]}`, role, {
        clock,
        skewMs: () => skewMs[role],
        strikes: strikes.find,
        onDeath: bury,
        onIdleWork: ({ name }, operation) => void oddities.push(`${name} ${operation}`),
      });
      living.add(instance);
      return instance;
    },
    end() {
      for (const instance of [...living]) instance.kill('end');
    },
  };
}
