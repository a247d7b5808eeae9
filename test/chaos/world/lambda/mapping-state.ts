import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { Recorder } from '../recorder.ts';
import { TAP_CHANGE_MS } from '../settings.ts';

/** Whether Lambda polls the queue, as its API shows it. */
export interface MappingState {
  /** As the API names it. */
  readonly name: 'Enabled' | 'Disabling' | 'Disabled' | 'Enabling';
  /** Also while it is about to stop. */
  readonly isPolling: boolean;
  /** Asks for a change, which takes a while; false where another one is under way. */
  turn(isEnabled: boolean): boolean;
}

export interface MappingStateDeps {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly onChange: () => void;
}

export function createMappingState({ clock, random, recorder, onChange }: MappingStateDeps): MappingState {
  let name: MappingState['name'] = 'Enabled';

  return {
    get name() {
      return name;
    },
    get isPolling() {
      return name === 'Enabled' || name === 'Disabling';
    },
    turn(isEnabled) {
      if (name === 'Enabling' || name === 'Disabling') return false;
      if ((name === 'Enabled') === isEnabled) return true;
      recorder.note({ type: 'tap-turned', to: isEnabled ? 'on' : 'off' });
      name = isEnabled ? 'Enabling' : 'Disabling';
      clock.schedule(clock.nowMs() + random.integer(...TAP_CHANGE_MS), () => {
        name = isEnabled ? 'Enabled' : 'Disabled';
        onChange();
      });
      return true;
    },
  };
}
