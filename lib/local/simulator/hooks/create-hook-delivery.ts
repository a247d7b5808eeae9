import type { DeliveryNotes } from '../journal/create-delivery-notes.ts';
import type { CrispEvent } from '../model/event.ts';
import type { Random } from '../random.ts';
import { SimulatorError } from '../simulator-error.ts';
import { createDisturbances, type Disturbances } from './create-disturbances.ts';
import { createSender } from './create-sender.ts';
import type { Delivery, SenderDeps } from './delivery.ts';
import { toHookBody } from './hook-request.ts';
import {
  createSubscription,
  type HookSubscription,
  isOffered,
  type SubscriptionInput,
} from './hook-subscription.ts';

export interface HookDeliveryDeps extends Omit<SenderDeps, 'onEnd'> {
  readonly notes: DeliveryNotes;
  readonly random: Random;
  readonly defaultSecret: string;
  /** The token's scopes; undefined where it may do everything. */
  readonly scopes: () => ReadonlySet<string> | undefined;
}

export type ReleaseOrder = 'given' | 'reversed' | 'shuffled';

export interface HookDelivery {
  readonly disturbances: Pick<Disturbances, 'setRates' | 'loseNext' | 'duplicateNext'>;
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
export function createHookDelivery(deps: HookDeliveryDeps): HookDelivery {
  const { switches, counters, random, notes } = deps;
  const disturbances = createDisturbances(random.fork('disturbances'));
  const ids = random.fork('subscriptions');
  const subscriptions = new Map<string, HookSubscription>();
  const sender = createSender({ ...deps, onEnd: ({ noteId }) => noteId !== undefined && notes.end(noteId) });
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
    if (held === undefined) {
      sender.send(delivery, delayMs);
      return;
    }
    delivery.outcome = 'held';
    held.push(delivery);
  }

  function offer(subscription: HookSubscription, event: CrispEvent): void {
    const scopes = deps.scopes();
    if (isOffered(subscription, event.event, { switches, scopes })) deliver(subscription, event);
  }

  function deliver(subscription: HookSubscription, event: CrispEvent): void {
    const { isLost, copies, delayMs } = disturbances.decideFate();
    const body = toHookBody(event, switches);
    const delivery = enter(subscription, event, body);
    if (isLost) {
      counters.hooks.lost += 1;
      delivery.outcome = 'lost';
      return;
    }
    // A website hook is never tried again, after a restart neither.
    if (subscription.mode === 'plugin') delivery.noteId = notes.begin(event);
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
      const subscription = createSubscription(input, { defaultSecret: deps.defaultSecret, random: ids });
      subscriptions.set(subscription.id, subscription);
      if (subscription.mode === 'plugin') {
        for (const event of notes.takePending()) offer(subscription, event);
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
      const deliveries = toOrder(held ?? [], order, random);
      held = undefined;
      for (const delivery of deliveries) sender.send(delivery, 0);
    },
    deliverAgain(count) {
      for (const delivery of log.slice(-count)) repeat(delivery);
    },
    log: () => log,
    settled: sender.settled,
    stop: sender.stop,
  };
}

function toOrder(deliveries: readonly Delivery[], order: ReleaseOrder, random: Random): readonly Delivery[] {
  if (order === 'shuffled') return random.shuffle(deliveries);
  return order === 'reversed' ? deliveries.toReversed() : deliveries;
}
