/** Where a run dies: at the n-th call of a port (1-based), before or after the call had its effect. */
export interface CrashPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Counts the calls of all ports that it wraps, in the order in which they are made, and crashes at the given ones. */
export function createCrashSchedule(points: readonly CrashPoint[] = []) {
  let calls = 0;

  function crashIf(call: number, when: CrashPoint['when']): void {
    if (points.some((point) => point.call === call && point.when === when)) throw new InjectedCrash();
  }

  return {
    get calls() {
      return calls;
    },

    wrap<Port extends object>(port: Port): Port {
      return new Proxy(port, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            calls += 1;
            const call = calls;
            crashIf(call, 'before');
            const result: unknown = await member.apply(target, args);
            crashIf(call, 'after');
            return result;
          };
        },
      });
    },
  };
}

export class InjectedCrash extends Error {
  override readonly name = 'InjectedCrash';
}
