import type { Clock } from '../../clock.ts';
import type { SessionRef, WebsiteId } from '../../ids.ts';
import * as actions from './actions.ts';
import { startConversation } from './arrival.ts';
import * as changes from './changes.ts';
import { createCounters } from './counters.ts';
import { createHookDelivery } from './hooks.ts';
import { inventWebsite, type WebsiteInput } from './invent.ts';
import { createFaults, createLimits, type LimitsInput } from './limits.ts';
import { createRandom, type Random } from './random.ts';
import {
  findWebsite,
  openJournal,
  SimulatorError,
  type Store,
  type StoredConversation,
  type StoredWebsite,
} from './store.ts';
import { createSwitches, type Switches, setSwitch } from './switches.ts';

type Tier = 'plugin' | 'website';

/** The token that the simulated Crisp accepts. It may be rolled, and its scopes changed, at any time. */
export interface Account {
  token: { readonly identifier: string; readonly key: string };
  readonly tier: Tier;
  /** Undefined: all, as a development token of a plugin. */
  scopes: ReadonlySet<string> | undefined;
}

export interface SimulatorOptions {
  readonly clock: Clock;
  /** Equal seeds, actions and clocks give equal ids, contents and hooks. Default 1. */
  readonly seed?: number;
  /** Drawn from the seed where it is absent. */
  readonly token?: Account['token'];
  /** Default `plugin`. A `website` token is bound to the first website alone. */
  readonly tier?: Tier;
  /** Default all, as for a development token. */
  readonly scopes?: readonly string[];
  /** Default one. */
  readonly websites?: readonly WebsiteInput[];
  /** Secrets that plugin hooks are signed with: of production, then of development. Drawn from the seed where absent. */
  readonly hookSecrets?: readonly string[];
  readonly switches?: Partial<Switches>;
  /** Default: none. */
  readonly limits?: LimitsInput;
  /**
   * A folder in which conversations, profiles and hooks on their way survive a restart, a kill included. Switches, limits,
   * faults, subscriptions and counters start anew. Equal seeds then no longer give equal ids after the first start.
   */
  readonly dataDir?: string;
  /** How long an answer takes, drawn evenly between the two. Default 0. */
  readonly latency?: { readonly minMs: number; readonly maxMs: number };
}

/** All of a simulated Crisp but its server. Every action changes the state and is told to the subscribed hooks. */
export type Workspace = ReturnType<typeof createWorkspace>;

export function createWorkspace(options: SimulatorOptions) {
  const { clock, seed = 1, tier = 'plugin', websites = [{}], scopes } = options;
  // One stream of chance per concern: a request more or less changes no id, and a lost hook no text.
  const random = createRandom(seed);
  const account: Account = {
    token: options.token ?? drawToken(random.fork('token')),
    tier,
    scopes: scopes && new Set(scopes),
  };
  const [hookSecret = random.fork('hook-secret').hex(64), ...others] = options.hookSecrets ?? [];
  const switches = createSwitches(options.switches);
  const counters = createCounters();
  const latency = { minMs: 0, maxMs: 0, ...options.latency };
  const latencies = random.fork('latency');

  const store: Store = { websites: new Map() };
  for (const [index, input] of websites.entries()) {
    const website = inventWebsite(input, random.fork(`website-${index}`));
    if (tier === 'website' && index > 0) website.isSubscribed = false;
    store.websites.set(website.websiteId, website);
  }
  const websiteIds = [...store.websites.values()].map((website) => website.websiteId);
  const [websiteId] = websiteIds;
  if (websiteId === undefined) throw new SimulatorError('unknown_website', 'at least one is needed');
  const journal = options.dataDir === undefined ? undefined : openJournal(options.dataDir);
  journal?.restore(store);

  const hooks = createHookDelivery({
    ...{ clock, switches, counters, journal, random: random.fork('hooks') },
    secrets: [hookSecret, ...others],
    scopes: () => account.scopes,
  });
  const readConversation = (session: SessionRef): StoredConversation | undefined =>
    store.websites.get(session.websiteId)?.conversations.get(session.sessionId);
  const world: actions.World = {
    ...{ clock, switches, store, websiteId, invention: random.fork('invention') },
    // A restart must not draw the ids of what it restored.
    ids: random.fork(journal?.generation ? `ids-${journal.generation}` : 'ids'),
    publish(event) {
      journal?.keep(store, event.data);
      hooks.publish(event);
    },
    keep(session) {
      const people_id = readConversation(session)?.conversation.people_id;
      journal?.keep(store, { website_id: session.websiteId, session_id: session.sessionId, people_id });
    },
  };
  /** An action without its world. */
  const bind =
    <Rest extends unknown[], Result>(act: (world: actions.World, ...rest: Rest) => Result) =>
    (...rest: Rest) =>
      act(world, ...rest);

  return {
    ...{ account, switches, counters, hooks, latency },
    /** Signs the hooks of production. */
    hookSecret,
    /** The first website. */
    websiteId,
    websiteIds,
    limits: createLimits(options.limits ?? {}, switches),
    faults: createFaults(random.fork('faults')),
    store,
    /** How long the next answer takes. */
    drawLatencyMs: () => latency.minMs + Math.floor(latencies.next() * (latency.maxMs - latency.minMs + 1)),

    /** Throws `SimulatorError` where the name or the position does not exist. */
    setSwitch: (name: string, position: unknown) => setSwitch(switches, name, position),
    /** Replaces the token; the old one is refused at once. */
    rollToken(): Account['token'] {
      account.token = drawToken(world.ids);
      return account.token;
    },
    setSubscribed(website: WebsiteId, isSubscribed: boolean): void {
      findWebsite(store, website).isSubscribed = isSubscribed;
    },
    subscribeHook: hooks.subscribe,

    startConversation: bind(startConversation),
    sendMessage: bind(actions.sendMessage),
    editMessage: bind(actions.editMessage),
    removeMessage: bind(actions.removeMessage),
    setState: bind(actions.setState),
    removeConversation: bind(actions.removeConversation),
    emit: bind(actions.emit),
    changeConversation: bind(changes.changeConversation),
    acknowledge: bind(changes.acknowledge),
    changeProfile: bind(changes.changeProfile),
    removeProfile: bind(changes.removeProfile),
    seedConversations: bind(changes.seedConversations),
    /** All websites, with their state. */
    websites: (): readonly StoredWebsite[] => [...store.websites.values()],
    /** The state itself, to compare with: not a copy. Undefined where there is none (any more). */
    readConversation,
  };
}

function drawToken(random: Random): Account['token'] {
  return { identifier: random.uuid(), key: random.hex(64) };
}
