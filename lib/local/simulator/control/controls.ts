import * as z from 'zod';
import { CHANGE_CONTROLS } from './change-controls.ts';
import type { Control } from './control.ts';
import { toControl } from './control.ts';
import { CONVERSATION_CONTROLS } from './conversation-controls.ts';
import { FAULT_CONTROLS } from './fault-controls.ts';
import { HOOK_CONTROLS } from './hook-controls.ts';
import { PROFILE_CONTROLS } from './profile-controls.ts';

const SwitchBody = z.strictObject({ name: z.string(), position: z.union([z.string(), z.number()]) });

/** Everything that `POST /_simulator/{name}` can do. */
export const CONTROLS: readonly Control[] = [
  ...CONVERSATION_CONTROLS,
  ...CHANGE_CONTROLS,
  ...PROFILE_CONTROLS,
  ...HOOK_CONTROLS,
  ...FAULT_CONTROLS,
  toControl(
    'set-switch',
    '{ name, position }: moves a switch',
    SwitchBody,
    (simulator, { name, position }) => {
      simulator.setSwitch(name, position);
      return { name, position };
    },
  ),
  toControl('reset-counters', '{}: all counters to zero', z.strictObject({}), ({ counters }) => {
    counters.reset();
    return {};
  }),
];
