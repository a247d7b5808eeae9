import type { CrispEvent } from '../model/event.ts';
import type { Switches } from '../switches.ts';
import type { HookSubscription } from './hook-subscription.ts';
import { signHook } from './sign-hook.ts';

const USER_AGENT = 'Crisp-HooksDeliver 1.0 (+https://crisp.chat)';

/** The text that is sent for an event. */
export function toHookBody({ website_id, event, data, timestamp }: CrispEvent, switches: Switches): string {
  const json = JSON.stringify({ website_id, event, data, timestamp });
  return switches.hookBody === 'compact' ? json : escapeNonAscii(json);
}

/** The headers of one attempt. `stampedMs` is what the attempt's timestamp header says. */
export function toHookHeaders(
  { mode, secret, origin }: HookSubscription,
  body: string,
  { attempt, stampedMs, switches }: { attempt: number; stampedMs: number; switches: Switches },
): Record<string, string> {
  const isPlugin = mode === 'plugin';
  const inSeconds = switches.hookTimestampUnit === 'seconds';
  const timestamp = String(inSeconds ? Math.floor(stampedMs / 1000) : stampedMs);

  return {
    'Content-Type': 'application/json',
    'User-Agent': USER_AGENT,
    ...(isPlugin || switches.websiteHookOrigin === 'present' ? { 'X-Crisp-Hook-Origin': origin } : {}),
    'X-Crisp-Request-Timestamp': timestamp,
    ...(isPlugin ? { 'X-Crisp-Signature': signHook(secret, timestamp, body) } : {}),
    'X-Delivery-Attempt-Limit': String(toAttemptLimit(mode, switches)),
    'X-Delivery-Attempt-Count': String(attempt),
  };
}

export function toAttemptLimit(mode: HookSubscription['mode'], switches: Switches): number {
  if (mode === 'website' && switches.websiteHookRetries === 'never') return 1;
  return Math.max(1, switches.hookAttemptLimit);
}

function escapeNonAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
