import type { ConsumerSwitch, ConsumerSwitchState } from '../../ports/consumer-switch.ts';
import type { EventSourceMapping } from './event-source-mapping.ts';
import type { MappingState } from './mapping-event.ts';

const SWITCH_STATES: Readonly<Record<MappingState, ConsumerSwitchState>> = {
  Enabled: 'on',
  Enabling: 'changing',
  Disabled: 'off',
  Disabling: 'changing',
};

/** The tap of local mode's queue. `findMapping`, because the mapping's consumers need the tap before there is a mapping. */
export function createLocalConsumerSwitch(
  findMapping: () => Pick<EventSourceMapping, 'state' | 'enable' | 'disable'>,
): ConsumerSwitch {
  return {
    read: async () => SWITCH_STATES[findMapping().state],
    async turnOn() {
      const mapping = findMapping();
      if (mapping.state === 'Disabled' || mapping.state === 'Disabling') mapping.enable();
    },
    async turnOff() {
      const mapping = findMapping();
      if (mapping.state === 'Enabled' || mapping.state === 'Enabling') mapping.disable();
    },
  };
}
