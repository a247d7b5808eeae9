import { type CrispEvent, toEventScope } from './events.ts';
import type { Random } from './random.ts';
import {
  createSender,
  type Delivery,
  type HookSubscription,
  type SenderContext,
  toHookBody,
} from './sender.ts';
import { SimulatorError } from './simulator-error.ts';

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
  readonly random: Random;
  /** At least one. */
  readonly secrets: readonly string[];
  /** The token's scopes; undefined where it may do everything. */
  readonly scopes: () => ReadonlySet<string> | undefined;
}

type ReleaseOrder = 'given' | 'reversed' | 'shuffled';

export interface HookDelivery {
  readonly disturbances: Disturbances;
  /** Throws `SimulatorError` for an address beyond this machine. */
  subscribe(input: SubscriptionInput): HookSubscription;
  unsubscribe(id: string): void;
  subscriptions(): readonly HookSubscription[];
  publish(event: CrispEvent): void;
  /** Keeps every new delivery back until `release`. */
  hold(): void;
  /** Sends what was kept back, in the order asked for. */
  release(order?: ReleaseOrder): void;
  /** Sends the newest `count` deliveries of the log once more. */
  deliverAgain(count: number): void;
  /** The newest deliveries, oldest first. */
  log(): readonly Delivery[];
  /** Resolves once nothing is under way, retries included. What is held does not count. */
  settled(): Promise<void>;
  /** Gives up what is under way and closes the connections. */
  stop(): Promise<void>;
}

// A log for people and for sending again; a long run must not keep every body it ever sent.
const LOG_LENGTH = 1000;

/** Delivers events to hooks as Crisp does: plugin hooks signed and retried, website hooks neither. */
export function createHookDelivery(context: HookContext): HookDelivery {
  const { switches, counters, random, journal } = context;
  const disturbances = createDisturbances(random.fork('disturbances'));
  const ids = random.fork('subscriptions');
  const subscriptions = new Map<string, HookSubscription>();
  const sender = createSender(context);
  const log: Delivery[] = [];
  let held: Delivery[] | undefined;
  let lastId = 0;

  function enter(subscription: HookSubscription, event: CrispEvent, body: string): Delivery {
    lastId += 1;
    const delivery: Delivery = { id: lastId, subscription, event, body, attempts: 0, outcome: 'pending' };
    log.push(delivery);
    if (log.length > LOG_LENGTH) log.shift();
    counters.hooks.deliveries += 1;
    return delivery;
  }

  function sendOrHold(delivery: Delivery, delayMs: number): void {
    if (held !== undefined) delivery.outcome = 'held';
    if (held === undefined) sender.send(delivery, delayMs);
    else held.push(delivery);
  }

  function offer(subscription: HookSubscription, event: CrispEvent): void {
    if (!isOffered(subscription, event.event, context)) return;
    const { isLost, copies, delayMs } = disturbances.decideFate();
    const delivery = enter(subscription, event, toHookBody(event, switches));
    if (isLost) {
      counters.hooks.lost += 1;
      delivery.outcome = 'lost';
      return;
    }
    // A website hook is never tried again, after a restart neither.
    if (journal && subscription.mode === 'plugin') delivery.journalId = journal.beginDelivery(event);
    sendOrHold(delivery, delayMs);
    if (copies > 1) repeat(delivery);
  }

  function repeat({ subscription, event, body }: Delivery): void {
    counters.hooks.duplicated += 1;
    sendOrHold(enter(subscription, event, body), 0);
  }

  return {
    disturbances,
    subscribe(input) {
      const subscription = createSubscription(input, context.secrets, ids);
      subscriptions.set(subscription.id, subscription);
      if (input.mode === 'plugin') {
        for (const event of journal?.takePending() ?? []) offer(subscription, event);
      }
      return subscription;
    },
    unsubscribe(id) {
      if (!subscriptions.delete(id)) throw new SimulatorError('unknown_delivery', `no hook ${id}`);
    },
    subscriptions: () => [...subscriptions.values()],
    publish(event) {
      counters.hooks.events += 1;
      for (const subscription of subscriptions.values()) offer(subscription, event);
    },
    hold() {
      held ??= [];
    },
    release(order = 'given') {
      const given = held ?? [];
      held = undefined;
      const reordered = order === 'shuffled' ? random.shuffle(given) : given.toReversed();
      for (const delivery of order === 'given' ? given : reordered) sender.send(delivery, 0);
    },
    deliverAgain(count) {
      for (const delivery of log.slice(-count)) repeat(delivery);
    },
    log: () => log,
    settled: sender.settled,
    stop: sender.stop,
  };
}

function createSubscription(
  { url, mode, secret, events, environment = 'production' }: SubscriptionInput,
  [production = '', development = production]: readonly string[],
  random: Random,
): HookSubscription {
  const { href, hostname } = new URL(url);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new SimulatorError('hook_url_not_loopback', hostname);
  }
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
  { switches, scopes }: Pick<HookContext, 'switches' | 'scopes'>,
): boolean {
  if (isDisabled || events?.has(event) === false) return false;
  if (mode === 'website') return switches.websiteHookEvents === 'all' || event !== 'session:set_routing';
  const scope = toEventScope(event);
  return scope === undefined || (scopes()?.has(scope) ?? true);
}

/** How often hooks go astray, as probabilities from 0 to 1, drawn from the seed. */
interface DisturbanceRates {
  readonly lose: number;
  readonly duplicate: number;
  readonly reorder: number;
  /** A reordered hook is kept back for up to this long. */
  readonly reorderWindowMs: number;
}

interface Disturbances {
  setRates(rates: Partial<DisturbanceRates>): void;
  /** The next `count` deliveries are never sent. */
  loseNext(count: number): void;
  /** The next `count` deliveries are sent twice. */
  duplicateNext(count: number): void;
  /** What happens to one delivery. */
  decideFate(): { readonly isLost: boolean; readonly copies: 1 | 2; readonly delayMs: number };
}

/** Decides, repeatably, which hooks are lost, doubled or late. */
function createDisturbances(random: Random): Disturbances {
  let rates: DisturbanceRates = { lose: 0, duplicate: 0, reorder: 0, reorderWindowMs: 2000 };
  let losses = 0;
  let duplicates = 0;

  return {
    setRates(changed) {
      rates = { ...rates, ...changed };
    },
    loseNext(count) {
      losses += count;
    },
    duplicateNext(count) {
      duplicates += count;
    },
    decideFate() {
      // Always four draws, so that one rate does not shift the others' sequence.
      const lost = random.next() < rates.lose;
      const doubled = random.next() < rates.duplicate;
      const isLate = random.next() < rates.reorder;
      const wait = random.next();
      const isLost = losses > 0 || lost;
      if (losses > 0) losses -= 1;
      const isDuplicated = !isLost && (duplicates > 0 || doubled);
      if (!isLost && duplicates > 0) duplicates -= 1;
      return {
        isLost,
        copies: isDuplicated ? 2 : 1,
        delayMs: isLate ? Math.floor(wait * rates.reorderWindowMs) : 0,
      };
    },
  };
}
