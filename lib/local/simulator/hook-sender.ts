import { createHmac } from 'node:crypto';
import type { Agent } from 'undici';
import type { Clock } from '../../clock.ts';
import type { Counters } from './counters.ts';
import type { CrispEvent } from './events.ts';
import type { Journal } from './store.ts';
import type { Switches } from './switches.ts';

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
export interface Delivery {
  readonly id: number;
  readonly subscription: HookSubscription;
  readonly event: CrispEvent;
  readonly body: string;
  attempts: number;
  outcome: 'held' | 'pending' | 'acknowledged' | 'abandoned' | 'lost';
  /** Under which the journal knows it. */
  journalId?: string;
}

export interface SenderContext {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly counters: Counters;
  readonly journal: Journal | undefined;
}

/** Sends deliveries until they are acknowledged or given up. */
export function createSender({ clock, switches, counters, journal }: SenderContext) {
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
