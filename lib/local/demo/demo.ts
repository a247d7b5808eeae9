import type { Clock } from '../../clock.ts';
import type { SessionRef } from '../../ids.ts';
import type { CrispMessage, MessageFrom } from '../simulator/model.ts';
import { createRandom, type Random } from '../simulator/random.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { failForAWhile } from './planned-failure.ts';
import { type Line, type Plan, type PlannedScene, planDay, planShow, playableScenes } from './scenes.ts';

interface DemoOptions {
  readonly simulator: Simulator;
  readonly clock: Clock;
  readonly seed?: number;
  /** 2 plays twice as fast. Default 1. */
  readonly speed?: number;
  /** Hears of each conversation as it begins. */
  readonly onScene?: (title: string, session: SessionRef) => void;
  /** Says what the demo does on purpose, so that nobody takes it for a fault. */
  readonly say?: (text: string) => void;
  /** Length of a bucket: the first burst waits for the next one where it would not fit into this one. */
  readonly coalesceSeconds?: number;
}

/** What a demonstration did. Hooks are those of its time alone. */
export interface DemoTotals {
  readonly conversations: number;
  readonly sessions: readonly SessionRef[];
  /** Those that were deleted on the way. */
  readonly removed: readonly SessionRef[];
  /** Events that happened in the simulated Crisp, wanted by a hook or not. */
  readonly events: number;
  readonly hooksSent: number;
  readonly hooksAcknowledged: number;
  readonly hooksFailed: number;
  readonly durationMs: number;
}

export interface Demo {
  /** Plays support days one after the other until `stop`. */
  start(): void;
  /** One conversation begins now, beside whatever else is played; the first is the one with a burst. */
  play(): void;
  stop(): Promise<void>;
  /** Plays every scene once, waits for the hooks (at most `settleMs`, default 15,000), and says what was done. */
  playOnce(options?: { readonly settleMs?: number }): Promise<DemoTotals>;
}

const HISTORY = { conversations: 1, messages: 12 };
// From the first to the last hook of the first scene, and some time for them to arrive.
const FIRST_BURST_MS = 1500;
const DEFAULT_SETTLE_MS = 15_000;

/** The support days of an invented tea shop, acted out in the simulator. */
export function createDemo(options: DemoOptions): Demo {
  const { simulator, clock, seed = 1, speed = 1, onScene, say = () => {}, coalesceSeconds = 0 } = options;
  const random = createRandom(seed).fork('demo');
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const scenes = playableScenes(random.fork('one'));

  async function playPlan(plan: Plan): Promise<SessionRef[]> {
    const scenes = plan.scenes.map((planned) => playScene(planned));
    const played = Promise.all(scenes);
    // A day has its length even when its last scene is over before.
    await Promise.all([played, wait(plan.durationMs)]);
    return played;
  }

  async function playScene({ startMs, scene, failsAtFirst }: PlannedScene): Promise<SessionRef> {
    await wait(startMs);
    const session = scene.visitor === 'new' ? simulator.startConversation() : toReturning(simulator);
    if (failsAtFirst) failForAWhile(simulator, session, { wait, say });
    onScene?.(scene.title, session);

    let elapsedMs = 0;
    for (const line of scene.lines) {
      await wait(line.at - elapsedMs);
      elapsedMs = line.at;
      playLine(simulator, session, line);
    }
    return session;
  }

  // Whoever starts local mode sees a burst become one fetch first, wherever in a bucket the start falls.
  async function waitForBurst(): Promise<void> {
    const bucketMs = coalesceSeconds * 1000;
    if (bucketMs <= FIRST_BURST_MS) return;
    const leftMs = bucketMs - (clock.nowMs() % bucketMs);
    if (leftMs < FIRST_BURST_MS) await wait(leftMs);
  }

  // The only way a wait ends early is `stop`.
  function ignoreStop(error: unknown): void {
    if (!stopping.signal.aborted) throw error;
  }

  const wait = (delayMs: number) => clock.sleep(delayMs / speed, stopping.signal);

  return {
    start() {
      running = waitForBurst()
        .then(() => playDays(random, playPlan, stopping.signal))
        .catch(ignoreStop);
    },
    play() {
      const planned = { startMs: 0, scene: scenes.next().value, failsAtFirst: false };
      running = Promise.all([running, playScene(planned).catch(ignoreStop)]);
    },
    async stop() {
      stopping.abort();
      await running;
    },
    async playOnce({ settleMs = DEFAULT_SETTLE_MS } = {}) {
      const before = { hooks: simulator.counters.snapshot().hooks, nowMs: clock.nowMs() };
      const sessions = await playPlan(planShow(random));
      const ended = new AbortController();
      const patience = clock.sleep(settleMs, ended.signal).catch(() => undefined);
      await Promise.race([simulator.hooks.settled(), patience]);
      ended.abort();

      const { hooks } = simulator.counters.snapshot();
      return {
        conversations: sessions.length,
        sessions,
        removed: sessions.filter((session) => simulator.readConversation(session) === undefined),
        events: hooks.events - before.hooks.events,
        hooksSent: hooks.deliveries - before.hooks.deliveries,
        hooksAcknowledged: hooks.acknowledged - before.hooks.acknowledged,
        hooksFailed: hooks.failedAttempts - before.hooks.failedAttempts,
        durationMs: clock.nowMs() - before.nowMs,
      };
    },
  };
}

async function playDays(
  random: Random,
  play: (plan: Plan) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // The only way a wait ends early is `stop`.
    await play(planDay(random)).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

function toReturning(simulator: Simulator): SessionRef {
  const [session] = simulator.seedConversations({ ...HISTORY, anonymousEvery: 0 });
  return session ?? simulator.startConversation();
}

/** Lets one line of a scene happen in its conversation. A conversation that is gone stays silent. */
function playLine(simulator: Simulator, session: SessionRef, line: Line): void {
  const stored = simulator.readConversation(session);
  if (stored === undefined) return;
  const newestOf = (from: MessageFrom) => stored.messages.findLast((message) => message.from === from);

  switch (line.does) {
    case 'visitor-writes':
    case 'operator-writes':
      simulator.sendMessage(session, { from: toFrom(line.does), content: line.text });
      break;
    case 'operator-notes':
      simulator.sendMessage(session, { type: 'note', content: line.text });
      break;
    case 'visitor-edits':
    case 'operator-edits':
      edit(simulator, session, newestOf(toFrom(line.does)), line.text);
      break;
    case 'operator-retracts':
      retract(simulator, session, newestOf('operator'));
      break;
    case 'visitor-sends-photo':
      simulator.sendMessage(session, { type: 'file' });
      break;
    case 'operator-offers-choice':
      simulator.sendMessage(session, { type: 'picker', from: 'operator' });
      break;
    case 'visitor-chooses':
      choose(simulator, session, newestOf('operator'));
      break;
    case 'visitor-types':
      simulator.changeConversation(session, { compose: { from: 'user', type: 'start' } });
      break;
    case 'operator-takes-over':
      takeOver(simulator, session);
      break;
    case 'operator-reads':
      simulator.acknowledge(session, { kind: 'read' });
      break;
    case 'operator-resolves':
      simulator.setState(session, 'resolved');
      break;
    case 'operator-deletes':
      simulator.removeConversation(session);
      break;
    case 'visitor-rates':
      simulator.changeConversation(session, { rating: { stars: line.stars } });
      break;
    case 'operator-tags':
      simulator.changeConversation(session, { segments: [line.segment] });
      break;
    default:
      line satisfies never;
  }
}

function toFrom(does: `${'visitor' | 'operator'}-${string}`): MessageFrom {
  return does.startsWith('visitor') ? 'user' : 'operator';
}

function edit(
  simulator: Simulator,
  session: SessionRef,
  message: CrispMessage | undefined,
  text: string,
): void {
  if (message !== undefined) simulator.editMessage(session, message.fingerprint, text);
}

function retract(simulator: Simulator, session: SessionRef, message: CrispMessage | undefined): void {
  if (message !== undefined) simulator.removeMessage(session, message.fingerprint);
}

function choose(simulator: Simulator, session: SessionRef, message: CrispMessage | undefined): void {
  if (message === undefined || typeof message.content === 'string' || !('choices' in message.content)) return;
  const choices = message.content.choices.map((choice, index) => ({ ...choice, selected: index === 0 }));
  simulator.editMessage(session, message.fingerprint, { ...message.content, choices });
}

function takeOver(simulator: Simulator, session: SessionRef): void {
  const website = simulator.websites().find(({ websiteId }) => websiteId === session.websiteId);
  simulator.changeConversation(session, { routing_id: website?.operators[0]?.userId ?? null });
}
