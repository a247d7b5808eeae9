import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { Instance, Role } from '../instance.ts';

export interface WarmInstance<Handler> {
  readonly instance: Instance;
  readonly handler: Handler;
}

/** The instances of one function: the one used last is used next, and keeps what its code keeps. */
export interface FunctionPool<Handler> {
  /** A warm one, or a new one after its cold start; undefined where it died while it started. */
  acquire(): Promise<WarmInstance<Handler> | undefined>;
  release(warm: WarmInstance<Handler>): void;
  /** Ends those that are idle, as Lambda does after a while, or at once for a new version. */
  cool(): void;
}

export interface FunctionPoolDeps<Handler> {
  readonly role: Role;
  readonly spawn: (role: Role) => Instance;
  readonly createHandler: (instance: Instance) => Handler;
  readonly random: Random;
}

const COLD_START_MS = [150, 900] as const;

export function createFunctionPool<Handler>(deps: FunctionPoolDeps<Handler>): FunctionPool<Handler> {
  const { role, spawn, createHandler, random } = deps;
  let warm: WarmInstance<Handler>[] = [];

  return {
    async acquire() {
      const ready = warm.pop();
      if (ready) {
        ready.instance.isBusy = true;
        return ready;
      }
      const instance = spawn(role);
      instance.isBusy = true;
      const handler = createHandler(instance);
      const started = await instance.outlive(instance.nap(random.integer(...COLD_START_MS)));
      return started.outcome === 'returned' ? { instance, handler } : undefined;
    },
    release(used) {
      used.instance.isBusy = false;
      if (!used.instance.isDead) warm.push(used);
    },
    cool() {
      for (const { instance } of warm) instance.kill('end');
      warm = [];
    },
  };
}
