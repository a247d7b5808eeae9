import type { Invoker } from './invoker.ts';

/** Instances of one function: at most so many at once, the one used last is used next, as Lambda does. */
export interface InstancePool {
  /** True while another invocation may start. */
  readonly hasRoom: boolean;
  /** How many invocations run. */
  readonly busy: number;
  /** Runs `work` on a warm instance, or on a new one. `retire` says of the result that its instance is not reusable. */
  run<Result>(
    work: (invoker: Invoker) => Promise<Result>,
    retire: (result: Result) => boolean,
  ): Promise<Result>;
  /** Resolves when an invocation ends; at once while there is room. */
  untilRoom(): Promise<void>;
  /** Resolves when none runs. */
  untilIdle(): Promise<void>;
  /** Ends every instance, the busy ones too. */
  terminate(): Promise<void>;
}

export interface InstancePoolOptions {
  readonly maximum: number;
  readonly createInvoker: () => Invoker | Promise<Invoker>;
}

export function createInstancePool({ maximum, createInvoker }: InstancePoolOptions): InstancePool {
  const warm: Invoker[] = [];
  const all = new Set<Invoker>();
  let busy = 0;
  let changed = Promise.withResolvers<void>();

  async function run<Result>(
    work: (invoker: Invoker) => Promise<Result>,
    retire: (result: Result) => boolean,
  ): Promise<Result> {
    busy += 1;
    try {
      const invoker = warm.pop() ?? (await createInvoker());
      all.add(invoker);
      const result = await work(invoker);
      if (retire(result)) await end(invoker);
      else warm.push(invoker);
      return result;
    } finally {
      busy -= 1;
      changed.resolve();
      changed = Promise.withResolvers();
    }
  }

  async function end(invoker: Invoker): Promise<void> {
    if (all.delete(invoker)) await invoker.terminate?.();
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await changed.promise;
  }

  return {
    get hasRoom() {
      return busy < maximum;
    },
    get busy() {
      return busy;
    },
    run,
    untilRoom: () => until(() => busy < maximum),
    untilIdle: () => until(() => busy === 0),
    async terminate() {
      await Promise.all([...all].map(end));
    },
  };
}
