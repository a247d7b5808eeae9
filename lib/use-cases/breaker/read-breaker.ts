import type { NotedOpening, Pause } from '../../core/breaker/opening.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { ConsumerSwitch, ConsumerSwitchState } from '../../ports/consumer-switch.ts';

export interface ReadBreakerDependencies {
  readonly notes: Pick<BreakerNotes, 'readPause' | 'readOpening'>;
  readonly consumerSwitch: Pick<ConsumerSwitch, 'read'>;
}

export interface BreakerView {
  /** Whether the queue feeds the consumer: what the switch says, not a note. */
  readonly deliveries: ConsumerSwitchState | 'unknown';
  /** True where deliveries are off and nobody wants them to be. */
  readonly isOpen: boolean;
  readonly pause: Pause | undefined;
  /** The newest opening, with its code, hold-off and next look; over where it has a closing. */
  readonly opening: NotedOpening | undefined;
  /** Codes of what could not be read. */
  readonly problems: readonly string[];
}

/** What people and tools see of the breaker. What cannot be read is left out and named; never throws. */
export function createReadBreaker({ notes, consumerSwitch }: ReadBreakerDependencies) {
  return async (): Promise<BreakerView> => {
    const problems: string[] = [];
    const orTell = async <T>(read: Promise<T>): Promise<T | undefined> => {
      try {
        return await read;
      } catch (thrown) {
        const code = toJobError(thrown).reason;
        if (!problems.includes(code)) problems.push(code);
        return undefined;
      }
    };
    const [deliveries = 'unknown', pause, opening] = await Promise.all([
      orTell(consumerSwitch.read()),
      orTell(notes.readPause()),
      orTell(notes.readOpening()),
    ]);
    const isHeldBack = deliveries === 'off' || deliveries === 'absent';
    return { deliveries, isOpen: isHeldBack && pause === undefined, pause, opening, problems };
  };
}
