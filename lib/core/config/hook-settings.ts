import type { z } from 'zod/mini';
import type { WebhookConfig } from './config.ts';
import type { VariableName, variables } from './variables.ts';

/** The variables that only the webhook reads, less its resources. */
export const HOOK_VARIABLES = {
  CRISP_HOOK_MODE: true,
  CRISP_HOOK_MAX_AGE_SECONDS: true,
  TRIGGER_EVENTS: true,
} as const satisfies Partial<Record<VariableName, true>>;

export type HookSettings = Pick<WebhookConfig, 'hookMode' | 'hookMaxAgeSeconds' | 'triggers'>;

export function toHookSettings(
  values: Pick<z.output<typeof variables>, keyof typeof HOOK_VARIABLES>,
): HookSettings {
  return {
    hookMode: values.CRISP_HOOK_MODE,
    hookMaxAgeSeconds: values.CRISP_HOOK_MAX_AGE_SECONDS,
    triggers: values.TRIGGER_EVENTS,
  };
}
