import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Simulator } from '../../../lib/local/simulator/simulator.ts';
import {
  alternativePositions,
  createSwitches,
  SWITCH_NAMES,
  SWITCHES,
  type SwitchName,
} from '../../../lib/local/simulator/switches.ts';
import type { SimulatorOptions } from '../../../lib/local/simulator/workspace.ts';
import { type HookReceiver, receiveHooks } from './support/receive-hooks.ts';
import { type StartedSimulator, startSimulator } from './support/start-simulator.ts';

interface Probe {
  readonly options?: Partial<SimulatorOptions>;
  /** What somebody outside can see of the switch's position. */
  look(started: StartedSimulator & { hooks: HookReceiver; sessionId: string }): Promise<unknown>;
}

const status = (path: string): Probe => ({ look: async ({ get }) => (await get(path)).status });
const spendTwo = async ({ get }: StartedSimulator) =>
  [await get('conversations/1'), await get('conversations/1')][1];
const used = ({ simulator, clock }: StartedSimulator) => simulator.limits.quota.state(clock.nowMs()).used;

// One hook to look at: that of a message, or of what `act` does.
function hookOf(
  mode: 'plugin' | 'website',
  see: (hook: HookReceiver['received'][number] | undefined) => unknown,
): Probe {
  return {
    async look({ simulator, hooks }) {
      simulator.subscribeHook({ url: hooks.url, mode, events: ['message:send'] });
      simulator.sendMessage(simulator.startConversation(), { content: 'thé' });
      await simulator.hooks.settled();
      return see(hooks.received[0]);
    },
  };
}

// Until each attempt has arrived and its answer is read; an answer that never comes has some turns to be given up.
async function untilQuiet({
  simulator,
  hooks,
}: {
  simulator: Simulator;
  hooks: HookReceiver;
}): Promise<void> {
  const { hooks: counts } = simulator.counters;
  while (counts.attempts === 0 || hooks.received.length < counts.attempts) await setImmediate();
  const isAnswered = () => counts.attempts === counts.acknowledged + counts.failedAttempts;
  for (let turn = 0; turn < 100 && !isAnswered(); turn += 1) await setImmediate();
}

// What happened after the first hook failed and `waitMs` went by.
function afterFailure(waitMs: number, mode: 'plugin' | 'website', answers: (number | 'hang')[]): Probe {
  return {
    async look({ simulator, hooks, clock }) {
      hooks.answerWith(...answers);
      simulator.subscribeHook({ url: hooks.url, mode, events: ['message:send'] });
      const session = simulator.startConversation();
      for (const content of ['1', '2']) simulator.sendMessage(session, { content });
      await untilQuiet({ simulator, hooks });
      await clock.advance(waitMs);
      await untilQuiet({ simulator, hooks });
      const { failedAttempts } = simulator.counters.hooks;
      const stamps = new Set(hooks.received.map(({ headers }) => headers['x-crisp-request-timestamp'])).size;
      const bodies = hooks.received.map(({ data }) => data.content);
      return { failedAttempts, stamps, bodies, disabled: simulator.hooks.subscriptions()[0]?.isDisabled };
    },
  };
}

const PROBES: Readonly<Record<SwitchName, Probe>> = {
  messagesPageSize: {
    look: async ({ get, sessionId }) => (await get(`conversation/${sessionId}/messages`)).data,
  },
  timestampBoundary: {
    async look({ simulator, get, sessionId }) {
      const { websiteId } = simulator;
      const [conversation] = simulator.websites().flatMap(({ conversations }) => [...conversations.values()]);
      expect(conversation?.ref).toMatchObject({ websiteId, sessionId });
      const oldest = conversation?.messages[0]?.timestamp;
      return (await get(`conversation/${sessionId}/messages?timestamp_before=${oldest}`)).data;
    },
  },
  messagesStatus: {
    look: async ({ get, sessionId }) => (await get(`conversation/${sessionId}/messages`)).status,
  },
  listStatus: {
    look: async ({ get, sessionId }) => (await get(`conversation/${sessionId}/events/1`)).status,
  },
  listPageSize: {
    look: async ({ get, sessionId }) => (await get(`conversation/${sessionId}/events/1`)).data,
  },
  pageBeyondEnd: status('conversations/9'),
  missingSessionStatus: status('conversation/session_gone'),
  missingSessionReason: { look: async ({ get }) => (await get('conversation/session_gone')).reason },
  invalidSessionStatus: {
    look: async ({ get }) => (await get('conversations/1', { headers: { 'X-Crisp-Tier': 'user' } })).status,
  },
  rateLimitStatus: {
    options: { limits: { requestsPerSecond: 1, burst: 1 } },
    look: async (started) => (await spendTwo(started))?.status,
  },
  rateLimitReason: {
    options: { limits: { requestsPerSecond: 1, burst: 1 } },
    look: async (started) => (await spendTwo(started))?.reason,
  },
  quotaStatus: {
    options: { limits: { dailyQuota: 1 } },
    look: async (started) => (await spendTwo(started))?.status,
  },
  quotaReason: {
    options: { limits: { dailyQuota: 1 } },
    look: async (started) => (await spendTwo(started))?.reason,
  },
  retryAfter: {
    options: { limits: { dailyQuota: 1 } },
    look: async (started) => (await spendTwo(started))?.headers.get('Retry-After'),
  },
  quotaResetHourUtc: {
    look: async ({ simulator, clock }) => simulator.limits.quota.state(clock.nowMs()).resetsAtMs,
  },
  cachedReads: {
    async look(started) {
      started.simulator.setSwitch('cacheStaleMs', 3000);
      await spendTwo(started);
      return used(started);
    },
  },
  refusedRequests: {
    options: { limits: { requestsPerSecond: 1, burst: 1 } },
    async look(started) {
      await spendTwo(started);
      return used(started);
    },
  },
  cacheStaleMs: { look: async (started) => (await spendTwo(started))?.headers.get('Bloom-Status') },
  hookTimestampUnit: hookOf('plugin', (hook) => String(hook?.headers['x-crisp-request-timestamp']).length),
  hookRetryTimestamp: afterFailure(5000, 'plugin', [500]),
  hookBody: hookOf('plugin', (hook) => hook?.rawBody.includes('thé')),
  hookAttemptLimit: hookOf('plugin', (hook) => hook?.headers['x-delivery-attempt-limit']),
  hookTimeoutMs: afterFailure(3000, 'plugin', ['hang']),
  hookRetryBaseMs: afterFailure(1000, 'plugin', [500]),
  hookOrder: afterFailure(0, 'plugin', [500]),
  failingHook: {
    async look(started) {
      started.simulator.setSwitch('hookAttemptLimit', 1);
      return afterFailure(0, 'plugin', [500]).look(started);
    },
  },
  websiteHookEvents: {
    async look({ simulator, hooks }) {
      simulator.subscribeHook({ url: hooks.url, mode: 'website', events: ['session:set_routing'] });
      simulator.changeConversation(simulator.startConversation(), { routing_id: null });
      await simulator.hooks.settled();
      return hooks.received.length;
    },
  },
  websiteHookRetries: hookOf('website', (hook) => hook?.headers['x-delivery-attempt-limit']),
  websiteHookOrigin: hookOf('website', (hook) => hook?.headers['x-crisp-hook-origin'] === undefined),
  resolveMessage: {
    async look({ simulator, get }) {
      const session = simulator.startConversation();
      simulator.setState(session, 'resolved');
      return (await get(`conversation/${session.sessionId}/messages`)).data;
    },
  },
};

async function lookAt(name: SwitchName, position: string | number): Promise<string> {
  const { options = {}, look } = PROBES[name];
  const started = await startSimulator(options);
  started.simulator.setSwitch(name, position);
  const [session] = started.simulator.seedConversations({ conversations: 1, messages: 45 });
  const stored = session && started.simulator.readConversation(session);
  for (let event = 0; event < 60; event += 1) {
    stored?.events.push({ text: 'page', data: {}, color: 'blue', timestamp: event });
  }
  const hooks = await receiveHooks();
  return JSON.stringify(await look({ ...started, hooks, sessionId: session?.sessionId ?? '' }));
}

test.each(SWITCH_NAMES)('every position of %s can be told from the others', async (name) => {
  const seen = [];
  for (const position of SWITCHES[name].positions) seen.push(await lookAt(name, position));

  expect(new Set(seen).size, seen.join('\n').slice(0, 500)).toBe(SWITCHES[name].positions.length);
});

test('the first position is the default, and all others are offered to tests', () => {
  const switches = createSwitches();

  for (const name of SWITCH_NAMES) expect(switches[name]).toBe(SWITCHES[name].positions[0]);
  const positions = SWITCH_NAMES.flatMap((name) => SWITCHES[name].positions.length);
  const all = positions.reduce((sum, count) => sum + count, 0);
  expect(alternativePositions()).toHaveLength(all - SWITCH_NAMES.length);
});

test.each([
  ['unknown_switch', 'retryBefore', 'none'],
  ['switch_position_invalid', 'retryAfter', 'minutes'],
  ['switch_position_invalid', 'messagesPageSize', 'many'],
  ['switch_position_invalid', 'messagesPageSize', -1],
])('%s: %s cannot be set to %s', (code, name, position) => {
  expect(() => createSwitches({ [name]: position })).toThrow(expect.objectContaining({ code }));
});
