import { Agent } from 'undici';
import type { Delivery, DeliveryOutcome, SenderDeps } from './delivery.ts';
import { toAttemptLimit, toHookHeaders } from './hook-request.ts';
import { postHook } from './post-hook.ts';

/** Sends deliveries until they are acknowledged or given up. */
export interface Sender {
  /** Starts sending after `delayMs`; never throws and never waits. */
  send(delivery: Delivery, delayMs: number): void;
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const CONNECTIONS = 32;

export function createSender({ clock, switches, counters, onEnd }: SenderDeps): Sender {
  const dispatcher = new Agent({ connections: CONNECTIONS });
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  // The end of each session's newest delivery, for the position in which the next one waits for it.
  const tails = new Map<string, Promise<void>>();

  async function run(
    delivery: Delivery,
    delayMs: number,
    previous: Promise<void> | undefined,
  ): Promise<void> {
    await previous;
    if (delayMs > 0) await clock.sleep(delayMs, stopping.signal);
    const stampedMs = clock.nowMs();

    while (!stopping.signal.aborted) {
      if (await attempt(delivery, stampedMs)) return end(delivery, 'acknowledged');
      if (delivery.attempts >= toAttemptLimit(delivery.subscription.mode, switches)) return abandon(delivery);
      await clock.sleep(switches.hookRetryBaseMs * 2 ** (delivery.attempts - 1), stopping.signal);
    }
  }

  async function attempt(delivery: Delivery, firstStampedMs: number): Promise<boolean> {
    delivery.attempts += 1;
    counters.hooks.attempts += 1;
    if (delivery.attempts > 1) counters.hooks.retries += 1;

    const { subscription, body, attempts } = delivery;
    const stampedMs = switches.hookRetryTimestamp === 'kept' ? firstStampedMs : clock.nowMs();
    const headers = toHookHeaders(subscription, body, { attempt: attempts, stampedMs, switches });
    const timeoutMs = switches.hookTimeoutMs;
    const post = { url: subscription.url, headers, body, timeoutMs, signal: stopping.signal };
    const isAcknowledged = await postHook({ dispatcher, clock }, post);
    counters.hooks[isAcknowledged ? 'acknowledged' : 'failedAttempts'] += 1;
    return isAcknowledged;
  }

  function abandon(delivery: Delivery): void {
    counters.hooks.abandoned += 1;
    if (switches.failingHook === 'disabled') delivery.subscription.isDisabled = true;
    end(delivery, 'abandoned');
  }

  function end(delivery: Delivery, outcome: DeliveryOutcome): void {
    delivery.outcome = outcome;
    onEnd(delivery);
  }

  return {
    send(delivery, delayMs) {
      delivery.outcome = 'pending';
      const key = toTailKey(delivery);
      const previous = switches.hookOrder === 'per-session' ? tails.get(key) : undefined;
      const running = run(delivery, delayMs, previous)
        // Only a sleep that `stop` interrupts rejects.
        .catch(() => undefined)
        .then(() => {
          underWay.delete(running);
          if (tails.get(key) === running) tails.delete(key);
        });
      underWay.add(running);
      tails.set(key, running);
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async stop() {
      stopping.abort();
      await Promise.all(underWay);
      await dispatcher.destroy();
    },
  };
}

function toTailKey({ subscription, event }: Delivery): string {
  return `${subscription.id}:${event.website_id}:${String(event.data.session_id)}`;
}
