import { isLoopbackHost } from '../http-server.ts';
import { type CrispEvent, toEventScope } from './events.ts';
import { createSender, type Delivery, type HookSubscription, type SenderContext } from './hook-sender.ts';
import type { Random } from './random.ts';
import { SimulatorError } from './store.ts';
import type { Switches } from './switches.ts';

export interface SubscriptionInput {
  /** Where to deliver; loopback only. A website hook's `?key=` is part of it. */
  readonly url: string;
  /** `plugin`: signed and retried. `website`: neither. */
  readonly mode: 'plugin' | 'website';
  /** Signing secret of a plugin hook. Default: the first of the simulator's for production, the second for development. */
  readonly secret?: string;
  /** Names of the events that this hook was set to; default all. */
  readonly events?: readonly string[];
  readonly environment?: 'development' | 'production';
}

interface HookContext extends SenderContext {
  /** Draws the ids of subscriptions. */
  readonly random: Random;
  /** At least one. */
  readonly secrets: readonly string[];
  /** The token's scopes; undefined where it may do everything. */
  readonly scopes: () => ReadonlySet<string> | undefined;
}

// A log for people; a long run must not keep every body it ever sent.
const LOG_LENGTH = 1000;

/** Delivers events to hooks as Crisp does: plugin hooks signed and retried, website hooks neither. */
export function createHookDelivery(context: HookContext) {
  const { switches, counters, random, journal } = context;
  const subscriptions = new Map<string, HookSubscription>();
  const sender = createSender(context);
  const log: Delivery[] = [];
  let held: Delivery[] | undefined;
  let lastId = 0;
  let losses = 0;
  let duplicates = 0;

  function enter(subscription: HookSubscription, event: CrispEvent, body: string): Delivery {
    lastId += 1;
    const delivery: Delivery = { id: lastId, subscription, event, body, attempts: 0, outcome: 'pending' };
    log.push(delivery);
    if (log.length > LOG_LENGTH) log.shift();
    counters.hooks.deliveries += 1;
    return delivery;
  }

  function sendOrHold(delivery: Delivery): void {
    if (held === undefined) {
      sender.send(delivery);
      return;
    }
    delivery.outcome = 'held';
    held.push(delivery);
  }

  function offer(subscription: HookSubscription, event: CrispEvent): void {
    if (!isOffered(subscription, event.event, context)) return;
    const delivery = enter(subscription, event, toHookBody(event, switches));
    if (losses > 0) {
      losses -= 1;
      counters.hooks.lost += 1;
      delivery.outcome = 'lost';
      return;
    }
    // A website hook is never tried again, after a restart neither.
    if (journal && subscription.mode === 'plugin') delivery.journalId = journal.beginDelivery(event);
    sendOrHold(delivery);
    if (duplicates > 0) {
      duplicates -= 1;
      counters.hooks.duplicated += 1;
      sendOrHold(enter(subscription, event, delivery.body));
    }
  }

  return {
    /** Throws `SimulatorError` for an address beyond this machine. */
    subscribe(input: SubscriptionInput): HookSubscription {
      const subscription = createSubscription(input, context.secrets, random);
      subscriptions.set(subscription.id, subscription);
      if (input.mode === 'plugin') {
        for (const event of journal?.takePending() ?? []) offer(subscription, event);
      }
      return subscription;
    },
    unsubscribe(id: string): void {
      if (!subscriptions.delete(id)) throw new SimulatorError('unknown_hook', id);
    },
    subscriptions: () => [...subscriptions.values()],
    publish(event: CrispEvent): void {
      counters.hooks.events += 1;
      for (const subscription of subscriptions.values()) offer(subscription, event);
    },
    /** The next `count` deliveries are never sent. */
    loseNext(count: number): void {
      losses += count;
    },
    /** The next `count` deliveries are sent twice. */
    duplicateNext(count: number): void {
      duplicates += count;
    },
    /** Keeps every new delivery back until `release`. */
    hold(): void {
      held ??= [];
    },
    /** Sends what was kept back, in the order asked for. */
    release(order: 'given' | 'reversed' = 'given'): void {
      const given = held ?? [];
      held = undefined;
      for (const delivery of order === 'given' ? given : given.toReversed()) sender.send(delivery);
    },
    /** The newest deliveries, oldest first. */
    log: (): readonly Delivery[] => log,
    /** Resolves once nothing is under way, retries included. What is held does not count. */
    settled: sender.settled,
    /** Gives up what is under way and closes the connections. */
    stop: sender.stop,
  };
}

function createSubscription(
  { url, mode, secret, events, environment = 'production' }: SubscriptionInput,
  [production = '', development = production]: readonly string[],
  random: Random,
): HookSubscription {
  const { href, host } = new URL(url);
  if (!isLoopbackHost(host)) throw new SimulatorError('hook_url_not_loopback', host);
  return {
    id: random.uuid(),
    url: href,
    mode,
    secret: secret ?? (environment === 'production' ? production : development),
    origin: `${mode}/rtm ${random.hex(16)} ${environment}`,
    events: events === undefined ? undefined : new Set(events),
    isDisabled: false,
  };
}

/** Whether Crisp would deliver this event to this hook. */
function isOffered(
  { isDisabled, events, mode }: HookSubscription,
  event: string,
  { switches, scopes }: HookContext,
): boolean {
  if (isDisabled || events?.has(event) === false) return false;
  if (mode === 'website') return switches.websiteHookEvents === 'all' || event !== 'session:set_routing';
  const scope = toEventScope(event);
  return scope === undefined || (scopes()?.has(scope) ?? true);
}

/** The text that is sent for an event. */
function toHookBody({ website_id, event, data, timestamp }: CrispEvent, { hookBody }: Switches): string {
  const json = JSON.stringify({ website_id, event, data, timestamp });
  if (hookBody === 'compact') return json;
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
