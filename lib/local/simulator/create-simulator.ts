import * as actions from './actions.ts';
import * as changes from './changes.ts';
import { createControl } from './control.ts';
import { createCounters } from './counters.ts';
import { createHookDelivery } from './hooks.ts';
import { inventWebsite } from './invent.ts';
import { createFaults, createLimits } from './limits.ts';
import { createRandom, type Random } from './random.ts';
import { type Account, listen } from './server.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';
import { SimulatorError } from './simulator-error.ts';
import { createStore, openJournal } from './store.ts';
import { createSwitches, setSwitch } from './switches.ts';
import { emitRawEvent, type World } from './world.ts';

/** Builds a simulator that listens to nothing yet. */
export function createSimulator(options: SimulatorOptions): Simulator {
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
  const limits = createLimits(options.limits ?? {}, switches);
  const faults = createFaults(random.fork('faults'));
  const latencies = random.fork('latency');
  let latency = options.latency ?? { minMs: 0, maxMs: 0 };

  const store = createStore();
  for (const [index, input] of websites.entries()) {
    const website = inventWebsite(input, random.fork(`website-${index}`));
    if (tier === 'website' && index > 0) website.isSubscribed = false;
    store.websites.set(website.websiteId, website);
  }
  const websiteIds = [...store.websites.values()].map(({ websiteId }) => websiteId);
  const [websiteId] = websiteIds;
  if (websiteId === undefined) throw new SimulatorError('unknown_website', 'at least one is needed');
  const journal = options.dataDir === undefined ? undefined : openJournal(options.dataDir);
  journal?.restore(store);

  const hooks = createHookDelivery({
    ...{ clock, switches, counters, journal, random: random.fork('hooks') },
    secrets: [hookSecret, ...others],
    scopes: () => account.scopes,
  });
  const world: World = {
    ...{ clock, switches, store, websiteId, invention: random.fork('invention') },
    // A restart must not draw the ids of what it restored.
    ids: random.fork(journal?.generation ? `ids-${journal.generation}` : 'ids'),
    publish(event) {
      journal?.keepSubject(store, event);
      hooks.publish(event);
    },
    keep: (session) => journal?.keepConversation(store, session),
  };

  const simulator: Simulator = {
    ...{ account, hookSecret, websiteId, websiteIds, switches, counters, limits, faults, hooks },
    listen({ port = 0 } = {}) {
      const control = createControl(simulator, clock);
      const drawLatencyMs = () =>
        latency.minMs + Math.floor(latencies.next() * (latency.maxMs - latency.minMs + 1));
      const context = { clock, switches, store, account, counters, limits, faults, drawLatencyMs, control };
      return listen(context, port);
    },
    stop: () => hooks.stop(),

    setSwitch: (name, position) => setSwitch(switches, name, position),
    setLatency(changed) {
      latency = changed;
    },
    rollToken() {
      account.token = drawToken(world.ids);
      return account.token;
    },
    setScopes(changed) {
      account.scopes = changed && new Set(changed);
    },
    setSubscribed(website, isSubscribed) {
      store.website(website).isSubscribed = isSubscribed;
    },
    subscribeHook: (input) => hooks.subscribe(input),

    startConversation: (input = {}) => actions.startConversation(world, input),
    sendMessage: (session, input) => actions.sendMessage(world, session, input),
    editMessage: (...change) => actions.editMessage(world, ...change),
    removeMessage: (session, fingerprint) => actions.removeMessage(world, session, fingerprint),
    setState: (session, state) => actions.setState(world, session, state),
    removeConversation: (session) => actions.removeConversation(world, session),
    changeConversation: (session, kind, change) => changes.changeConversation(world, session, kind, change),
    setMeta: (session, change) => changes.setMeta(world, session, change),
    acknowledge: (session, input) => changes.acknowledge(world, session, input),
    changeProfile: (profile, change) => changes.changeProfile(world, profile, change),
    removeProfile: (profile) => changes.removeProfile(world, profile),
    seedConversations: (input) => changes.seedConversations(world, input),
    emit: (website, event, data) => emitRawEvent(world, website, event, data),
    websites: () => [...store.websites.values()],
    readConversation: (session) =>
      store.websites.get(session.websiteId)?.conversations.get(session.sessionId),
  };
  return simulator;
}

function drawToken(random: Random): Account['token'] {
  return { identifier: random.uuid(), key: random.hex(64) };
}
