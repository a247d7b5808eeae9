import { toShape } from '../text/to-shape.ts';

/** Every event of Crisp's RTM reference of February 2026; hooks deliver a subset. A name that is not here is news. */
export const KNOWN_EVENTS: ReadonlySet<string> = new Set([
  ...withPrefix('message:', 'send received updated removed compose:send compose:receive'),
  ...withPrefix('message:acknowledge:', 'read:send read:received unread:send delivered ignored'),
  ...withPrefix('message:notify:', 'unread:send unread:received'),
  ...withPrefix('session:', 'update_availability update_verify request:initiated removed error'),
  ...withPrefix('session:set_', 'email phone address subject avatar nickname origin data segments block'),
  ...withPrefix('session:set_', 'opened closed participants mentions routing inbox state'),
  ...withPrefix('session:sync:', 'capabilities geolocation system network timezone locales'),
  ...withPrefix('session:sync:', 'pages events rating topic'),
  ...withPrefix('people:', 'profile:created profile:updated profile:removed bind:session sync:profile'),
  ...withPrefix('people:import:', 'progress done'),
  ...withPrefix('campaign:', 'progress dispatched running'),
  ...withPrefix('browsing:request:', 'initiated rejected'),
  ...withPrefix('call:request:', 'initiated rejected'),
  ...withPrefix('identity:', 'verify:request'),
  ...withPrefix('widget:', 'action:processed'),
  ...withPrefix('spam:', 'message decision'),
  ...withPrefix('status:', 'health:changed'),
  ...withPrefix('website:', 'update_visitors_count update_operators_availability users:available'),
  ...['upload', 'avatar', 'website', 'campaign', 'helpdesk', 'status', 'processing'].map(
    (kind) => `bucket:url:${kind}:generated`,
  ),
  ...withPrefix('media:', 'animation:listed'),
  ...withPrefix('email:', 'subscribe track:view'),
  ...withPrefix('plugin:', 'channel event subscription:updated settings:saved'),
  ...withPrefix('plan:', 'subscription:updated'),
]);

const EVENT_NAME = /^[a-z]+(?::[a-z]+(?:_[a-z]+)*){1,4}$/;

/**
 * An event's name as a log may show it: a known one, or one that is formed like them, for a name that is new is worth
 * knowing; of anything else the shape.
 */
export function toEventName(name: string): string {
  if (KNOWN_EVENTS.has(name) || (name.length <= 64 && EVENT_NAME.test(name))) return name;
  return `"${toShape(name, 40)}"`;
}

function withPrefix(prefix: string, names: string): string[] {
  return names.split(' ').map((name) => prefix + name);
}
