import type { ConsumerSwitch, ConsumerSwitchState } from '../../lib/ports/consumer-switch.ts';

export interface MemoryConsumerSwitch extends ConsumerSwitch {
  /** What `read` says; a test may turn it by hand, as somebody in the AWS console could. */
  state: ConsumerSwitchState;
  /** Set: every method rejects with it. */
  failure: Error | undefined;
}

/** A switch that turns at once. */
export function createMemoryConsumerSwitch(state: ConsumerSwitchState = 'on'): MemoryConsumerSwitch {
  const tap: MemoryConsumerSwitch = {
    state,
    failure: undefined,
    async read() {
      failIfAsked();
      return tap.state;
    },
    async turnOn() {
      failIfAsked();
      tap.state = 'on';
    },
    async turnOff() {
      failIfAsked();
      tap.state = 'off';
    },
  };
  return tap;

  function failIfAsked(): void {
    if (tap.failure) throw tap.failure;
  }
}
