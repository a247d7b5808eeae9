import type { Simulator } from '../simulator.ts';
import { SWITCH_NAMES, SWITCHES } from '../switches.ts';
import { CONTROLS } from './controls.ts';

/** What `GET /_simulator` tells: counters, state, switches and what can be done. No secret, no content. */
export function describeSimulator(simulator: Simulator, nowMs: number) {
  return {
    now_ms: nowMs,
    tier: simulator.account.tier,
    scopes: simulator.account.scopes === undefined ? 'all' : [...simulator.account.scopes],
    websites: simulator.websites().map(({ websiteId, conversations, profiles, isSubscribed }) => ({
      website_id: websiteId,
      conversations: conversations.size,
      profiles: profiles.size,
      is_subscribed: isSubscribed,
    })),
    counters: simulator.counters.snapshot(),
    quota: simulator.limits.quota.state(nowMs),
    faults: simulator.faults.pending(),
    hooks: simulator.hooks.subscriptions().map(({ id, url, mode, events, isDisabled }) => ({
      id,
      // The query may hold the key of a website hook.
      url: new URL(url).origin + new URL(url).pathname,
      mode,
      events: events === undefined ? 'all' : [...events],
      is_disabled: isDisabled,
    })),
    switches: Object.fromEntries(
      SWITCH_NAMES.map((name) => [
        name,
        {
          position: simulator.switches[name],
          positions: SWITCHES[name].positions,
          question: SWITCHES[name].question,
        },
      ]),
    ),
    controls: Object.fromEntries(CONTROLS.map(({ name, about }) => [name, about])),
    views: [
      'sessions',
      'deliveries',
      'conversations/{website_id}',
      'conversations/{website_id}/{session_id}',
    ],
  };
}
