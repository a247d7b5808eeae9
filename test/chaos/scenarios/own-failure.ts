import { judge } from '../oracle/judge.ts';
import type { Violation } from '../oracle/violation.ts';
import { toTerms } from '../world/settings.ts';
import { createScene, HOUR_MS, MINUTE_MS, type Scene } from './create-scene.ts';

/** What became of one session that failed on its own account. */
export interface OwnFailureReport {
  /** Of each attempt, by how long after the one before it its first request came; seconds, the first is 0. */
  readonly attemptsAfterSeconds: readonly number[];
  /** What the command line shows of the dead letter. */
  readonly reason: { readonly code: string; readonly status: number | undefined; readonly attempts: number };
  /** Dead letters before and after the redrive. */
  readonly deadLetters: readonly [before: number, after: number];
  /** Receives that cost Crisp no request, on the way to the dead-letter queue. */
  readonly idleReceives: number;
  readonly recordsAfterRedrive: number;
  readonly violations: readonly Violation[];
}

/** As Crisp answers it where something is wrong within: 200, and no data. */
const FAULT = { fault: 'F43', status: 200, reason: 'query_failed' };

/**
 * Crisp answers with an error for the messages of one conversation, again and again, while everything else is well: five
 * attempts, the dead-letter queue, a person who reads why, mends it, and redrives.
 */
export async function playOwnFailure(): Promise<OwnFailureReport> {
  const scene = createScene({ conversations: 12 });
  const { world, conversations } = scene;
  const [broken, ...others] = conversations;
  if (!broken) throw new Error('a scene without conversations');
  const heal = scene.breakCrisp(
    ({ route, sessionKey }) => sessionKey === broken.key && route === 'website/conversation/messages',
    FAULT,
  );

  scene.say(broken);
  for (let turn = 0; turn < 60; turn += 1) {
    const other = others[turn % others.length];
    if (other) scene.say(other);
    await world.advance(MINUTE_MS);
  }
  await world.settle(HOUR_MS);
  const before = countDead(scene);
  const reason = await readReason(scene);

  heal();
  const redrivenMs = world.clock.nowMs();
  await redrive(scene);

  const { violations } = judge(world.history, toTerms(world.settings));
  world.end();
  return {
    ...readAttempts(scene, broken.key, redrivenMs),
    reason,
    deadLetters: [before, countDead(scene)],
    recordsAfterRedrive: countRecords(scene, broken.sessionId, redrivenMs),
    violations,
  };
}

async function readReason({ world }: Scene): Promise<OwnFailureReport['reason']> {
  let read: OwnFailureReport['reason'] = { code: '', status: undefined, attempts: 0 };
  void world.operator.run('dlq list', async ({ deadLetters }) => {
    const { signal } = new AbortController();
    const onLetter = async ({ reason: { code, status }, attempts }: Letter) => {
      read = { code, status, attempts };
    };
    await deadLetters.list({ filter: {}, signal, onLetter });
  });
  await world.settle(HOUR_MS);
  return read;
}

interface Letter {
  readonly reason: { readonly code: string; readonly status: number | undefined };
  readonly attempts: number;
}

async function redrive({ world }: Scene): Promise<void> {
  void world.operator.run('dlq redrive --code crisp_error', ({ deadLetters }) =>
    deadLetters.redrive({
      filter: { code: { text: 'crisp_error', isPrefix: false } },
      ratePerSecond: 10,
      maxRedrives: 3,
      signal: new AbortController().signal,
    }),
  );
  await world.settle(HOUR_MS);
}

/** An attempt is a receive in which Crisp was asked; one without any request only waits for SQS to move the message. */
function readAttempts({ world: { history } }: Scene, sessionKey: string, untilMs: number) {
  const sessionId = sessionKey.slice(sessionKey.indexOf(':') + 1);
  const received = history.filter(
    ({ type, atMs, ...event }) =>
      type === 'message-received' &&
      atMs < untilMs &&
      'queue' in event &&
      event.queue === 'sessions' &&
      event.body.includes(sessionId),
  );
  const asked = received.flatMap(({ atMs }, place) => {
    const endMs = received[place + 1]?.atMs ?? untilMs;
    const first = history.find(
      (event) =>
        event.type === 'crisp-answered' &&
        event.sessionKey === sessionKey &&
        event.atMs >= atMs &&
        event.atMs < endMs,
    );
    return first ? [first.atMs] : [];
  });
  const attemptsAfterSeconds = asked.map((atMs, place) => (atMs - (asked[place - 1] ?? atMs)) / 1000);
  return { attemptsAfterSeconds, idleReceives: received.length - asked.length };
}

function countDead({ world }: Scene): number {
  const { waiting, delayed, inFlight } = world.deadLetters.queue.count();
  return waiting + delayed + inFlight;
}

function countRecords({ world: { history } }: Scene, sessionId: string, sinceMs: number): number {
  return history.filter(
    (event) => event.type === 'notice-published' && event.atMs >= sinceMs && event.body.includes(sessionId),
  ).length;
}
