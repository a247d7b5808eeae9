import { toEventScope } from '../model/event-scope.ts';
import type { Random } from '../random.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { Switches } from '../switches.ts';

export interface SubscriptionInput {
  /** Where to deliver; loopback only. A website hook's `?key=` is part of it. */
  readonly url: string;
  /** `plugin`: signed and retried. `website`: neither. */
  readonly mode: 'plugin' | 'website';
  /** Signing secret of a plugin hook. */
  readonly secret?: string;
  /** Names of the events that this hook was set to; default all. */
  readonly events?: readonly string[];
  /** Development and production hooks of a plugin have secrets of their own. */
  readonly environment?: 'development' | 'production';
}

export interface HookSubscription {
  readonly id: string;
  readonly url: string;
  readonly mode: 'plugin' | 'website';
  readonly secret: string;
  readonly origin: string;
  readonly events: ReadonlySet<string> | undefined;
  isDisabled: boolean;
}

/** Checks and completes what was asked for. Throws `SimulatorError` for an address beyond this machine. */
export function createSubscription(
  input: SubscriptionInput,
  { defaultSecret, random }: { defaultSecret: string; random: Random },
): HookSubscription {
  return {
    id: random.uuid(),
    url: toLoopbackUrl(input.url),
    mode: input.mode,
    secret: input.secret ?? defaultSecret,
    origin: `${input.mode}/rtm ${random.hex(16)} ${input.environment ?? 'production'}`,
    events: input.events === undefined ? undefined : new Set(input.events),
    isDisabled: false,
  };
}

/** Whether Crisp would deliver this event to this hook. */
export function isOffered(
  subscription: HookSubscription,
  event: string,
  { switches, scopes }: { switches: Switches; scopes: ReadonlySet<string> | undefined },
): boolean {
  if (subscription.isDisabled) return false;
  if (subscription.events !== undefined && !subscription.events.has(event)) return false;
  if (subscription.mode === 'website') {
    return switches.websiteHookEvents === 'all' || event !== 'session:set_routing';
  }
  const scope = toEventScope(event);
  return scopes === undefined || scope === undefined || scopes.has(scope);
}

function toLoopbackUrl(value: string): string {
  const url = new URL(value);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) {
    throw new SimulatorError('hook_url_not_loopback', url.hostname);
  }
  return url.href;
}
