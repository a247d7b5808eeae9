import { createHmac } from 'node:crypto';
import type { Agent } from 'undici';
import type { Clock } from '../../clock.ts';
import { isLoopbackHost } from '../http-server.ts';
import type { Counters } from './counters.ts';
import { type CrispEvent, toEventScope } from './events.ts';
import type { Random } from './random.ts';
import { type Journal, SimulatorError } from './store.ts';
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

export interface HookSubscription {
  readonly id: string;
  readonly url: string;
  readonly mode: 'plugin' | 'website';
  readonly secret: string;
  readonly origin: string;
  readonly events: ReadonlySet<string> | undefined;
  isDisabled: boolean;
}

/** One event on its way to one hook. */
interface Delivery {
  readonly id: number;
  readonly subscription: HookSubscription;
  readonly event: CrispEvent;
  readonly body: string;
  attempts: number;
  outcome: 'held' | 'pending' | 'acknowledged' | 'abandoned' | 'lost';
  /** Under which the journal knows it. */
  journalId?: string;
}

interface HookContext {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly counters: Counters;
  readonly journal: Journal | undefined;
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

/**
 * The value of `X-Crisp-Signature`: lower-case hex of HMAC-SHA256 over `[timestamp;body]`.
 * @param timestamp the text of the `X-Crisp-Request-Timestamp` header, verbatim
 */
export function signHook(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`[${timestamp};${body}]`, 'utf8').digest('hex');
}

function toHookHeaders(
  { subscription: { mode, secret, origin }, body, attempts }: Delivery,
  stampedMs: number,
  switches: Switches,
): Record<string, string> {
  const isPlugin = mode === 'plugin';
  const inSeconds = switches.hookTimestampUnit === 'seconds';
  const timestamp = String(inSeconds ? Math.floor(stampedMs / 1000) : stampedMs);
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'Crisp-HooksDeliver 1.0 (+https://crisp.chat)',
    ...(isPlugin || switches.websiteHookOrigin === 'present' ? { 'X-Crisp-Hook-Origin': origin } : {}),
    'X-Crisp-Request-Timestamp': timestamp,
    ...(isPlugin ? { 'X-Crisp-Signature': signHook(secret, timestamp, body) } : {}),
    'X-Delivery-Attempt-Limit': String(toAttemptLimit(mode, switches)),
    'X-Delivery-Attempt-Count': String(attempts),
  };
}

function toAttemptLimit(mode: HookSubscription['mode'], switches: Switches): number {
  if (mode === 'website' && switches.websiteHookRetries === 'never') return 1;
  return Math.max(1, switches.hookAttemptLimit);
}

/** Sends deliveries until they are acknowledged or given up. */
function createSender({ clock, switches, counters, journal }: HookContext) {
  const counts = counters.hooks;
  // Loaded by the first delivery.
  let dispatcher: Promise<Agent> | undefined;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  // The end of each session's newest delivery, for the position in which the next one waits for it.
  const tails = new Map<string, Promise<void>>();

  async function run(delivery: Delivery, previous: Promise<void> | undefined): Promise<void> {
    await previous;
    const { subscription } = delivery;
    const firstStampedMs = clock.nowMs();
    while (!stopping.signal.aborted) {
      delivery.attempts += 1;
      counts.attempts += 1;
      if (delivery.attempts > 1) counts.retries += 1;
      const stampedMs = switches.hookRetryTimestamp === 'kept' ? firstStampedMs : clock.nowMs();
      const isAcknowledged = await post(delivery, stampedMs);
      counts[isAcknowledged ? 'acknowledged' : 'failedAttempts'] += 1;
      if (isAcknowledged) return end(delivery, 'acknowledged');
      if (delivery.attempts >= toAttemptLimit(subscription.mode, switches)) {
        counts.abandoned += 1;
        if (switches.failingHook === 'disabled') subscription.isDisabled = true;
        return end(delivery, 'abandoned');
      }
      await clock.sleep(switches.hookRetryBaseMs * 2 ** (delivery.attempts - 1), stopping.signal);
    }
  }

  /** True for a 2xx answer within the timeout; everything else, redirects included, is a failed attempt and no error. */
  async function post(delivery: Delivery, stampedMs: number): Promise<boolean> {
    const headers = toHookHeaders(delivery, stampedMs, switches);
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, stopping.signal]);
    // Once the answer is there the sleep is cancelled, which rejects it: both ways only end the wait.
    clock.sleep(switches.hookTimeoutMs, signal).then(
      () => ended.abort(),
      () => undefined,
    );
    try {
      const { origin, pathname, search } = new URL(delivery.subscription.url);
      const { body } = delivery;
      const path = `${pathname}${search}`;
      dispatcher ??= import('undici').then(({ Agent }) => new Agent({ connections: 32 }));
      const answer = await (await dispatcher).request({
        origin,
        path,
        method: 'POST',
        headers,
        body,
        signal,
      });
      await answer.body.dump();
      return answer.statusCode >= 200 && answer.statusCode < 300;
    } catch {
      // A refused connection, a reset or the timeout: to Crisp they are all a delivery that failed.
      return false;
    } finally {
      ended.abort();
    }
  }

  function end(delivery: Delivery, outcome: Delivery['outcome']): void {
    delivery.outcome = outcome;
    if (delivery.journalId !== undefined) journal?.endDelivery(delivery.journalId);
  }

  return {
    send(delivery: Delivery): void {
      delivery.outcome = 'pending';
      const { subscription, event } = delivery;
      const key = `${subscription.id}:${event.website_id}:${String(event.data.session_id)}`;
      const previous = switches.hookOrder === 'per-session' ? tails.get(key) : undefined;
      const running = run(delivery, previous)
        // Only a sleep that `stop` interrupts rejects.
        .catch(() => undefined)
        .then(() => {
          underWay.delete(running);
          if (tails.get(key) === running) tails.delete(key);
        });
      underWay.add(running);
      tails.set(key, running);
    },
    async settled(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(underWay);
      await (await dispatcher)?.destroy();
    },
  };
}
