import { expect, test } from 'vitest';
import { createLocalConsumerSwitch } from '../../../lib/local/lambda/local-consumer-switch.ts';
import type { MappingState } from '../../../lib/local/lambda/mapping-event.ts';

function createScene(state: MappingState) {
  const turned: string[] = [];
  const mapping = { state, enable: () => turned.push('on'), disable: () => turned.push('off') };
  return { turned, tap: createLocalConsumerSwitch(() => mapping) };
}

test.each([
  ['Enabled', 'on', [], ['off']],
  ['Enabling', 'changing', [], ['off']],
  ['Disabled', 'off', ['on'], []],
  ['Disabling', 'changing', ['on'], []],
] as const)(
  'a mapping that is %s reads %s, and is changed only where that is news',
  async (state, reads, on, off) => {
    const [one, other] = [createScene(state), createScene(state)];

    await one.tap.turnOn();
    await other.tap.turnOff();

    expect(await one.tap.read()).toBe(reads);
    expect([one.turned, other.turned]).toEqual([on, off]);
  },
);
