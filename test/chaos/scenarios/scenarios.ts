import type { Violation } from '../oracle/history.ts';
import { judge } from '../oracle/judge.ts';
import { SECRETS, toTerms } from '../world/settings.ts';
import { createScene, finish, HOUR_MS, MINUTE_MS, type Scenario, type Scene } from './scenario.ts';

/** Every route answers 503 for six hours, while people go on talking. */
export const sixHourOutage = aTrouble('six-hour outage', 6 * HOUR_MS, [MINUTE_MS, () => true], {
  fault: 'F33',
  status: 503,
  reason: 'unavailable',
});

const UNTIL_MIDNIGHT_MS = 6 * HOUR_MS - 30 * MINUTE_MS;

/** The day's requests are spent at six in the evening: every route refuses until midnight, and does not say so. */
export const spentQuota = aTrouble(
  'spent quota, 429 until midnight',
  UNTIL_MIDNIGHT_MS,
  [MINUTE_MS, () => true],
  { fault: 'F32', status: 429, reason: 'too_many_requests' },
);

/** The same, as Crisp answers it elsewhere. */
export const spentQuota423 = aTrouble(
  'spent quota, 423 until midnight',
  UNTIL_MIDNIGHT_MS,
  [MINUTE_MS, () => true],
  { fault: 'F32', status: 423, reason: 'quota_limit_exceeded' },
);

/** The route of the messages alone refuses for three days; the conversation, the website and the profile answer. */
export const refusedRoute = aTrouble(
  'messages route refused for 72 hours',
  72 * HOUR_MS,
  [10 * MINUTE_MS, ({ route }) => route === 'website/conversation/messages'],
  { fault: 'F31', status: 429, reason: 'rate_limited' },
);

/** Half an hour of peace, and then so long a failure of Crisp's, in which somebody writes every so many ms. */
function aTrouble(
  name: string,
  lastsMs: number,
  [everyMs, isStruck]: [number, Parameters<Scene['breakCrisp']>[0]],
  failure: Parameters<Scene['breakCrisp']>[1],
): Scenario {
  return {
    name,
    async run() {
      const scene = createScene({ conversations: 20 });
      await scene.goOn(30 * MINUTE_MS, MINUTE_MS);

      const fromMs = scene.world.clock.nowMs();
      const heal = scene.breakCrisp(isStruck, failure);
      await scene.goOn(lastsMs, everyMs);
      heal();

      return finish(scene, { fromMs, untilMs: scene.world.clock.nowMs() });
    },
  };
}

/** The token is rolled in Crisp's marketplace, and the new one is stored three hours later. */
export const rolledToken: Scenario = {
  name: 'rolled token, stored three hours later',
  async run() {
    const scene = createScene({ conversations: 20 });
    const { clock, crisp, secrets } = scene.world;
    await scene.goOn(30 * MINUTE_MS, MINUTE_MS);

    const fromMs = clock.nowMs();
    const { identifier, key } = SECRETS.nextToken;
    crisp.tokens.clear();
    crisp.tokens.add(`${identifier}:${key}`);
    await scene.goOn(3 * HOUR_MS, MINUTE_MS);
    secrets.set('CRISP_TOKEN_IDENTIFIER', identifier);
    secrets.set('CRISP_TOKEN_KEY', key);

    return finish(scene, { fromMs, untilMs: clock.nowMs() });
  },
};

/** One conversation always answers 500, among a thousand healthy ones that are talked in within an hour. */
export const oneBrokenConversation: Scenario = {
  name: 'one conversation answers 500 among 1,000',
  async run() {
    const scene = createScene({ conversations: 1001 });
    const fromMs = scene.world.clock.nowMs();
    const broken = scene.conversations[500]?.key;
    const failure = { fault: 'F33', status: 500, reason: 'internal_error' };
    scene.breakCrisp(({ sessionKey }) => sessionKey === broken, failure);

    await scene.goOn(HOUR_MS, Math.floor(HOUR_MS / 1001));

    const untilMs = scene.world.clock.nowMs();
    return finish(scene, { fromMs, untilMs, ...(broken !== undefined && { sessionKey: broken }) });
  },
};

/** The long troubles that everybody who runs this meets one day. */
export const SCENARIOS: readonly Scenario[] = [
  sixHourOutage,
  spentQuota,
  spentQuota423,
  rolledToken,
  refusedRoute,
  oneBrokenConversation,
];

/** What became of one session that failed on its own account. */
interface OwnFailureReport {
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
