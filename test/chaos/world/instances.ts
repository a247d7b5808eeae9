import type { Clock } from '../../../lib/clock.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';
import type { Disturbances, Recorder } from './recorder.ts';

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

interface InstancesDeps {
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

export type Role = 'webhook' | 'consumer' | 'probe' | 'operator';
export type CauseOfDeath = 'fault' | 'timeout' | 'memory' | 'end';

/** A point at which an instance waits for the outside: it may die there, before or after the effect. */
export interface Crossing {
  readonly instance: Instance;
  /** `sqs:SendMessage`, `crisp:website`, `sleep`. */
  readonly operation: string;
  readonly when: 'before' | 'after';
}

interface Operation<Result> {
  readonly name: string;
  /** How long the request is on its way. */
  readonly thereMs: number;
  /** The effect; may throw what the other side answers. */
  readonly perform: () => Result | Promise<Result>;
  /** How long the answer is on its way. */
  readonly backMs: number;
  /** It goes on with something that the invocation had begun. */
  readonly isContinued?: boolean;
}

/** One execution environment of a function, or one run of a tool: it ends in the middle of whatever it does. */
export interface Instance {
  readonly name: string;
  readonly role: Role;
  /** True while it runs an invocation: what it does at any other time is frozen on Lambda. */
  isBusy: boolean;
  /** How many it has begun. */
  invocations: number;
  /** The delivery that a webhook is busy with. */
  deliveryId: string | undefined;
  readonly isDead: boolean;
  /** As the instance sees it. */
  readonly clock: Clock;
  /** One operation on the outside. After its death nothing of it takes effect. */
  cross<Result>(operation: Operation<Result>): Promise<Result>;
  /** Waits; rejects with the death of the instance, or with the signal's reason. */
  nap(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls back when it dies; the function that is returned takes that back. */
  mourn(mourner: (why: CauseOfDeath) => void): () => void;
  kill(why: CauseOfDeath): void;
  /** It gets no further, as in an endless loop; only its timeout ends it. */
  freeze(): void;
  /** What came first: the end of the work, or of the instance. */
  outlive<Result>(work: Promise<Result>): Promise<Lived<Result>>;
}

export type Lived<Result> =
  | { readonly outcome: 'returned'; readonly value: Result }
  | { readonly outcome: 'threw'; readonly error: unknown }
  | { readonly outcome: 'died'; readonly why: CauseOfDeath };

interface InstanceDeps {
  readonly clock: VirtualClock;
  /** By how much its clock is ahead of the true one. */
  readonly skewMs: () => number;
  readonly strikes: (crossing: Crossing) => CauseOfDeath | undefined;
  readonly onDeath: (instance: Instance, why: CauseOfDeath) => void;
  /** Told of what an instance does while no invocation runs. */
  readonly onIdleWork: (instance: Instance, operation: string) => void;
}

/** What the code of a dead instance sees from then on; its own handlers may catch it, to no effect. */
class InstanceDeath extends Error {
  override readonly name = 'InstanceDeath';
}
const DEATH = new InstanceDeath('the instance is dead');

function createInstance(name: string, role: Role, deps: InstanceDeps): Instance {
  const { clock } = deps;
  const waiting = new Set<() => void>();
  const mourners = new Set<(why: CauseOfDeath) => void>();
  const timers = new Set<() => void>();
  let causeOfDeath: CauseOfDeath | undefined;
  let isFrozen = false;

  const instance: Instance = {
    name,
    role,
    isBusy: false,
    invocations: 0,
    deliveryId: undefined,
    get isDead() {
      return causeOfDeath !== undefined;
    },
    clock: { nowMs: () => clock.nowMs() + deps.skewMs(), sleep, timer },
    cross,
    nap: wait,
    mourn(mourner) {
      mourners.add(mourner);
      return () => void mourners.delete(mourner);
    },
    kill,
    freeze() {
      isFrozen = true;
      for (const cancel of [...timers]) cancel();
    },
    outlive,
  };
  return instance;

  function kill(why: CauseOfDeath): void {
    if (causeOfDeath !== undefined) return;
    causeOfDeath = why;
    deps.onDeath(instance, why);
    for (const giveUp of [...waiting]) giveUp();
    for (const mourner of [...mourners]) mourner(why);
  }

  function risk(operation: string, when: Crossing['when']): void {
    if (causeOfDeath !== undefined) throw DEATH;
    const why = deps.strikes({ instance, operation, when });
    if (why === undefined) return;
    kill(why);
    throw DEATH;
  }

  async function cross<Result>(operation: Operation<Result>): Promise<Result> {
    if (!instance.isBusy && !instance.isDead && !operation.isContinued)
      deps.onIdleWork(instance, operation.name);
    risk(operation.name, 'before');
    await wait(operation.thereMs);
    let answer: { readonly result: Result } | { readonly error: unknown };
    try {
      answer = { result: await operation.perform() };
    } catch (error) {
      answer = { error };
    }
    risk(operation.name, 'after');
    await wait(operation.backMs);
    if ('error' in answer) throw answer.error;
    return answer.result;
  }

  async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw signal.reason;
    risk('sleep', 'before');
    await wait(delayMs, signal);
    risk('sleep', 'after');
  }

  function timer(delayMs: number, ring: () => void): () => void {
    const over = new AbortController();
    sleep(delayMs, over.signal).then(ring, () => undefined); // Over, or dead.
    return () => over.abort(null);
  }

  function wait(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (causeOfDeath !== undefined) return reject(DEATH);
      const end = () => {
        cancel();
        timers.delete(cancel);
        waiting.delete(giveUp);
        signal?.removeEventListener('abort', abort);
      };
      const giveUp = () => {
        end();
        reject(DEATH);
      };
      const abort = () => {
        end();
        reject(signal?.reason);
      };
      const wake = () => {
        end();
        resolve();
      };
      // What never ends needs no place in the clock's list.
      const isEndless = isFrozen || delayMs === Number.POSITIVE_INFINITY;
      const cancel = isEndless
        ? () => {}
        : clock.schedule(clock.nowMs() + Math.max(0, Math.ceil(delayMs)), wake);
      timers.add(cancel);
      waiting.add(giveUp);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  function outlive<Result>(work: Promise<Result>): Promise<Lived<Result>> {
    return new Promise((resolve) => {
      const mourner = (why: CauseOfDeath) => resolve({ outcome: 'died', why });
      const settle = (lived: Lived<Result>) => {
        mourners.delete(mourner);
        resolve(lived);
      };
      if (causeOfDeath !== undefined) mourner(causeOfDeath);
      else mourners.add(mourner);
      work.then(
        (value) => settle({ outcome: 'returned', value }),
        (error: unknown) => settle({ outcome: 'threw', error }),
      );
    });
  }
}
