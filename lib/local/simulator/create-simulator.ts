import { parseSessionId } from '../../core/ids.ts';
import { acknowledge } from './actions/acknowledge.ts';
import { changeConversation } from './actions/change-conversation.ts';
import { changeProfile, removeProfile } from './actions/change-profile.ts';
import { editMessage, removeMessage } from './actions/edit-message.ts';
import { emitRawEvent } from './actions/emit.ts';
import { removeConversation } from './actions/remove-conversation.ts';
import { sendMessage } from './actions/send-message.ts';
import { setMeta } from './actions/set-meta.ts';
import { setState } from './actions/set-state.ts';
import { startConversation } from './actions/start-conversation.ts';
import { createControl } from './control/create-control.ts';
import { createParts, drawToken } from './create-parts.ts';
import { createApi } from './http/create-api.ts';
import { listen } from './http/create-server.ts';
import type { Random } from './random.ts';
import { seedConversations } from './seed-conversations.ts';
import type { Simulator } from './simulator.ts';
import { SimulatorError } from './simulator-error.ts';
import type { SimulatorOptions } from './simulator-options.ts';
import { setSwitch } from './switches.ts';

export type { Simulator } from './simulator.ts';

/** Builds a simulator that listens to nothing yet. */
export function createSimulator(options: SimulatorOptions): Simulator {
  const parts = createParts(options);
  const { world, account, switches, store, hooks, hookSecret } = parts;
  const [websiteId] = parts.websiteIds;
  if (websiteId === undefined) throw new SimulatorError('unknown_website', 'at least one is needed');
  const latency = { minMs: 0, maxMs: 0, ...options.latency };

  const simulator: Simulator = {
    account,
    hookSecret,
    websiteId,
    websiteIds: parts.websiteIds,
    switches,
    counters: parts.counters,
    limits: parts.limits,
    faults: parts.faults,
    hooks,
    listen: ({ port = 0 } = {}) =>
      listen(
        {
          clock: options.clock,
          answerApi: createApi({ ...parts, clock: options.clock }),
          drawLatencyMs: () => drawLatencyMs(latency, parts.latencies),
          answerControl: createControl(simulator, options.clock),
        },
        port,
      ),
    stop: () => hooks.stop(),

    setSwitch: (name, position) => setSwitch(switches, name, position),
    setLatency: (changed) => Object.assign(latency, changed),
    rollToken: () => {
      account.token = drawToken(world.ids);
      return account.token;
    },
    setScopes: (scopes) => {
      account.scopes = scopes === undefined ? undefined : new Set(scopes);
    },
    setSubscribed: (website, isSubscribed) => {
      store.website(website).isSubscribed = isSubscribed;
    },
    subscribeHook: (input) => hooks.subscribe(input),

    startConversation: (input = {}) => {
      const { ref, relations } = startConversation(world, { websiteId, ...input });
      // The parent changed too, and no event tells of it.
      const parentId = parseSessionId(relations.parent);
      if (parentId !== undefined) parts.keeper?.keepConversation({ ...ref, sessionId: parentId });
      return ref;
    },
    sendMessage: (session, input) => sendMessage(world, session, input),
    editMessage: (session, fingerprint, content) => editMessage(world, session, fingerprint, content),
    removeMessage: (session, fingerprint) => removeMessage(world, session, fingerprint),
    acknowledge: (session, input) => acknowledge(world, session, input),
    setState: (session, state) => setState(world, session, state),
    setMeta: (session, change) => setMeta(world, session, change),
    changeConversation: (session, kind, change) => changeConversation(world, session, kind, change),
    removeConversation: (session) => removeConversation(world, session),
    changeProfile: (profile, change) => changeProfile(world, profile, change),
    removeProfile: (profile) => removeProfile(world, profile),
    emit: (website, event, data) => emitRawEvent(world, website, event, data),
    seedConversations: (input) => {
      const seeded = seedConversations(world, { websiteId, ...input });
      for (const session of seeded) parts.keeper?.keepConversation(session);
      return seeded;
    },
    websites: () => [...store.websites.values()],
    readConversation: (session) =>
      store.websites.get(session.websiteId)?.conversations.get(session.sessionId),
  };
  return simulator;
}

function drawLatencyMs({ minMs, maxMs }: { minMs: number; maxMs: number }, random: Random): number {
  return minMs + Math.floor(random.next() * (maxMs - minMs + 1));
}
