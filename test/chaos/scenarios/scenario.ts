import { judge } from '../oracle/judge.ts';
import type { Violation } from '../oracle/violation.ts';
import { toTerms } from '../world/settings.ts';
import { HOUR_MS, type Scene } from './create-scene.ts';

/** A long trouble, played through in virtual time. */
export interface Scenario {
  readonly name: string;
  run(): Promise<ScenarioReport>;
}

/** What it cost, and whether every promise was kept. */
export interface ScenarioReport {
  readonly accepted: number;
  readonly records: number;
  readonly deadLetters: number;
  /** The longest time from the first receive of a message to its death; undefined where none died. */
  readonly deadAfterMs: number | undefined;
  /** Of one message. */
  readonly mostReceives: number;
  /** To Crisp, by the consumer and the probe, from the first failure until Crisp was well again. */
  readonly callsWhileDown: number;
  readonly downMs: number;
  /** From then until the last message was done. */
  readonly drainMs: number;
  /** Codes for which the breaker opened. */
  readonly openedFor: readonly string[];
  readonly violations: readonly Violation[];
}

/** The trouble itself: from when until when, epoch ms. */
export interface Trouble {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of the one that it is about, where it is about one: its calls alone are counted. */
  readonly sessionKey?: string;
}

/** Waits until nothing is left to do, and adds up. Throws where that takes longer than a day: something is stuck. */
export async function finish(scene: Scene, trouble: Trouble): Promise<ScenarioReport> {
  const { world } = scene;
  if (!(await world.settle(24 * HOUR_MS))) throw new Error('the queue was not drained within a day');
  const { violations, figures } = judge(world.history, toTerms(world.settings));
  world.end();
  const { accepted, records, deadLetters, mostReceives } = figures;
  const last = world.history.findLast(({ type }) => type === 'message-deleted');
  return {
    ...{ accepted, records, deadLetters, mostReceives },
    deadAfterMs: readDeadAfter(scene),
    callsWhileDown: countCalls(scene, trouble),
    downMs: trouble.untilMs - trouble.fromMs,
    drainMs: Math.max(0, (last?.atMs ?? 0) - trouble.untilMs),
    openedFor: readOpenings(scene),
    violations,
  };
}

function countCalls({ world: { history } }: Scene, { fromMs, untilMs, sessionKey }: Trouble): number {
  return history.filter(
    (event) =>
      event.type === 'crisp-answered' &&
      event.atMs >= fromMs &&
      event.atMs < untilMs &&
      (sessionKey === undefined || event.sessionKey === sessionKey),
  ).length;
}

function readDeadAfter({ world: { history } }: Scene): number | undefined {
  const firstMs = new Map<string, number>();
  let longestMs: number | undefined;
  for (const event of history) {
    if (event.type === 'message-received' && !firstMs.has(event.messageId))
      firstMs.set(event.messageId, event.atMs);
    if (event.type === 'message-dead-lettered')
      longestMs = Math.max(longestMs ?? 0, event.atMs - (firstMs.get(event.messageId) ?? event.atMs));
  }
  return longestMs;
}

function readOpenings({ world: { history } }: Scene): string[] {
  const opened = history.flatMap((event) =>
    event.type === 'line-written' && event.text.includes('"breaker-opened"') ? [JSON.parse(event.text)] : [],
  );
  return [...new Set(opened.map(({ code }) => String(code)))];
}
