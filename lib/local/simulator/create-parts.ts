import type { WebsiteId } from '../../core/ids.ts';
import type { Account } from './account.ts';
import { type Counters, createCounters } from './counters.ts';
import { createHookDelivery, type HookDelivery } from './hooks/create-hook-delivery.ts';
import { createFaults, type Faults } from './http/create-faults.ts';
import { inventWebsite } from './invention/invent-website.ts';
import { createDeliveryNotes } from './journal/create-delivery-notes.ts';
import { createKeeper, type Keeper } from './journal/create-keeper.ts';
import { openJournal } from './journal/open-journal.ts';
import { restoreStore } from './journal/restore-store.ts';
import { createLimits, type Limits } from './limits/create-limits.ts';
import { createRandom, type Random } from './random.ts';
import type { SimulatorOptions } from './simulator-options.ts';
import { createStore, type Store } from './store/create-store.ts';
import { createSwitches, type Switches } from './switches.ts';
import type { World } from './world.ts';

/** What a simulator is made of. */
export interface SimulatorParts {
  readonly world: World;
  /** Present where the state is to survive a restart. */
  readonly keeper: Keeper | undefined;
  readonly store: Store;
  readonly account: Account;
  readonly hookSecret: string;
  readonly websiteIds: readonly WebsiteId[];
  readonly switches: Switches;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly hooks: HookDelivery;
  readonly latencies: Random;
}

/**
 * Builds the parts. One stream of chance per concern: a request more or less changes no id, and a lost hook no text.
 */
export function createParts(options: SimulatorOptions): SimulatorParts {
  const { clock, seed = 1, tier = 'plugin', websites = [{}] } = options;
  const random = createRandom(seed);
  const account: Account = {
    token: options.token ?? drawToken(random.fork('token')),
    tier,
    scopes: options.scopes === undefined ? undefined : new Set(options.scopes),
  };
  const switches = createSwitches(options.switches);
  const counters = createCounters();
  const store = createStore();
  const hookSecret = options.hookSecret ?? random.fork('hook-secret').hex(64);
  const journal = options.dataDir === undefined ? undefined : openJournal(options.dataDir);
  const keeper = journal === undefined ? undefined : createKeeper(journal, store);
  const hooks = createHookDelivery({
    clock,
    switches,
    random: random.fork('hooks'),
    counters,
    defaultSecret: hookSecret,
    notes: createDeliveryNotes(journal),
    scopes: () => account.scopes,
  });
  const world: World = {
    clock,
    switches,
    store,
    // A restart must not draw the ids of what it restored.
    ids: random.fork(journal === undefined || journal.generation === 0 ? 'ids' : `ids-${journal.generation}`),
    invention: random.fork('invention'),
    publish(event) {
      keeper?.keepSubjectOf(event);
      hooks.publish(event);
    },
  };
  for (const [index, input] of websites.entries()) {
    const website = inventWebsite(input, random.fork(`website-${index}`));
    if (tier === 'website' && index > 0) website.isSubscribed = false;
    store.websites.set(website.websiteId, website);
  }
  if (journal !== undefined) restoreStore(store, journal.lines);

  return {
    world,
    keeper,
    store,
    account,
    hookSecret,
    websiteIds: [...store.websites.values()].map(({ websiteId }) => websiteId),
    switches,
    counters,
    limits: createLimits(options.limits ?? {}, switches),
    faults: createFaults(random.fork('faults')),
    hooks,
    latencies: random.fork('latency'),
  };
}

export function drawToken(random: Random): Account['token'] {
  return { identifier: random.uuid(), key: random.hex(64) };
}
