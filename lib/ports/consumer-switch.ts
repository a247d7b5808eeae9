/** `changing`: on its way to one of the other two. `absent`: nothing feeds the consumer. */
export type ConsumerSwitchState = 'on' | 'off' | 'changing' | 'absent';

/**
 * The tap between the sessions queue and the consumer: on AWS the event source mapping. Intake does not depend on it.
 * Turning it off takes up to a minute to take effect; messages are still delivered meanwhile. Methods reject with
 * `JobError` `switch_failed`.
 */
export interface ConsumerSwitch {
  read(): Promise<ConsumerSwitchState>;
  /** Resolves once it is asked for; nothing happens where it is so already. */
  turnOn(): Promise<void>;
  turnOff(): Promise<void>;
}
