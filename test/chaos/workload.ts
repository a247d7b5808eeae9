import { createRandom, type Random } from '../../lib/local/simulator/random.ts';
import { CANARIES, type Conversation, type CrispMessage, currentState } from './world/crisp-store.ts';
import type { DeliveryTrouble, HookEvent } from './world/hooks.ts';
import type { WorldSettings } from './world/settings.ts';
import type { World } from './world/world.ts';

interface Workload {
  /** When the last thing is done. */
  readonly endMs: number;
}

/** Plans a run's traffic and lets the clock play it: a few websites, sessions that are quiet or busy, and strangers. */
export function playWorkload(world: World, random: Random): Workload {
  const { clock } = world;
  const startMs = clock.nowMs();
  const lengthMs = random.integer(4, 30) * 60_000;
  const cast = createCast(world, random);

  const moments = drawMoments(random, lengthMs);
  for (const atMs of moments) {
    const session = random.integer(0, cast.length - 1);
    const action = drawAction(random);
    clock.schedule(startMs + atMs, () => act(world, { cast, session, action }, random));
  }
  bother(world, { startMs, lengthMs }, random);
  return { endMs: startMs + lengthMs };
}

/** Who is there: some talk for long already, others begin when they first say something. */
type Cast = (Conversation | { readonly websiteId: string; readonly sessionId: string })[];

function createCast({ settings, crisp }: World, random: Random): Cast {
  return Array.from({ length: random.integer(3, 10) }, () => {
    const websiteId = random.pick(settings.websiteIds);
    const sessionId = `session_${random.chance(0.8) ? random.uuid() : random.hex(6)}`;
    const isOld = random.chance(0.6);
    const messages = random.chance(0.2) ? random.integer(20, 90) : random.integer(0, 12);
    return isOld ? crisp.store.create({ websiteId, sessionId }, messages) : { websiteId, sessionId };
  });
}

/** Some at any time, some in bursts: that is what coalescing is for. */
function drawMoments(random: Random, lengthMs: number): number[] {
  const count = random.integer(10, 60);
  const moments: number[] = [];
  while (moments.length < count) {
    const atMs = random.integer(0, lengthMs);
    const burst = random.chance(0.25) ? random.integer(2, 8) : 1;
    for (let each = 0; each < burst; each += 1) moments.push(atMs + random.integer(0, each * 4000));
  }
  return moments;
}

function drawAction(random: Random): CrispAction {
  const drawn = random.next() * TOTAL_WEIGHT;
  let sum = 0;
  const found = WEIGHTS.find(([, weight]) => {
    sum += weight;
    return drawn < sum;
  });
  return found?.[0] ?? say;
}

export const say: CrispAction = (world, conversation, random) => {
  const isVisitor = random.chance(0.6);
  const from = isVisitor
    ? { from: 'user' }
    : { from: 'operator', type: random.chance(0.2) ? 'note' : 'text', user: { user_id: random.uuid() } };
  const message = world.crisp.store.say(conversation, from);
  const name = isVisitor ? 'message:send' : 'message:received';
  tell(world, conversation, { name, data: message, fingerprint: message.fingerprint });
  if (isVisitor && random.chance(0.1)) setState(world, conversation, random);
};

const edit: CrispAction = (world, conversation, random) => {
  const message = pickMessage(conversation, random);
  if (message === undefined) return say(world, conversation, random);
  const { fingerprint } = message;
  const content = `${CANARIES.said} edited ${random.hex(4)}`;
  world.crisp.store.edit(conversation, message, content);
  tell(world, conversation, { name: 'message:updated', data: { fingerprint, content }, fingerprint });
};

export const withdraw: CrispAction = (world, conversation, random) => {
  const message = pickMessage(conversation, random);
  if (message === undefined) return say(world, conversation, random);
  const { fingerprint } = message;
  world.crisp.store.withdraw(conversation, message);
  tell(world, conversation, { name: 'message:removed', data: { fingerprint }, fingerprint });
};

export const setState: CrispAction = (world, conversation, random) => {
  const state = random.pick(['pending', 'unresolved', 'resolved']);
  world.crisp.store.set(conversation, { state });
  tell(world, conversation, { name: 'session:set_state', data: { state } });
};

const setMeta: CrispAction = (world, conversation, random) => {
  const [name, meta] = random.pick(META_CHANGES);
  world.crisp.store.set(conversation, { meta: { ...meta, round: random.integer(0, 9) } });
  tell(world, conversation, { name, data: meta });
};

export const remove: CrispAction = (world, conversation) => {
  world.crisp.store.remove(conversation);
  tell(world, conversation, { name: 'session:removed' });
};

/** What is nobody's business: presence, typing, events that nobody knows or wants. */
const murmur: CrispAction = (world, conversation, random) => {
  const name = random.pick([
    'message:compose:send',
    'session:update_availability',
    'message:acknowledge:delivered',
    'shop:order:placed',
    'people:profile:updated',
  ]);
  const isOfNoSession = name.startsWith('people:');
  const about = isOfNoSession ? { ...conversation, sessionId: '' } : conversation;
  tell(world, about, { name, data: { excerpt: CANARIES.typed, people_id: conversation.peopleId } });
};

const WEIGHTS: readonly (readonly [CrispAction, number])[] = [
  [say, 55],
  [edit, 8],
  [withdraw, 6],
  [setState, 10],
  [setMeta, 10],
  [remove, 3],
  [murmur, 8],
];
const TOTAL_WEIGHT = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);

function act(
  world: World,
  { cast, session, action }: { cast: Cast; session: number; action: CrispAction },
  random: Random,
): void {
  const member = cast[session];
  if (!member) return;
  const conversation = 'states' in member ? member : world.crisp.store.create(member);
  cast[session] = conversation;
  // Nobody talks in a conversation that is gone.
  if (currentState(conversation).fields) action(world, conversation, random);
}

/** Something that people do in Crisp: it changes what is true there, and Crisp tells of it. */
type CrispAction = (world: World, conversation: Conversation, random: Random) => void;

/** Tells of something; a disturbance of the moment changes the delivery where `trouble` says nothing. */
function tell(
  world: World,
  { websiteId, sessionId }: Conversation,
  event: { name: string; data?: Readonly<Record<string, unknown>>; fingerprint?: number | undefined },
  trouble?: DeliveryTrouble,
): void {
  const { name, data = {}, fingerprint } = event;
  world.hooks.send({ name, websiteId, sessionId, data, fingerprint }, trouble);
}

const META_CHANGES = [
  ['session:set_email', { email: CANARIES.email }],
  ['session:set_phone', { phone: CANARIES.phone }],
  ['session:set_nickname', { nickname: CANARIES.nickname }],
  ['session:set_segments', { segments: ['chat', 'vip'] }],
  ['session:set_data', { data: { plan: 'basic' } }],
] as const;

function pickMessage(conversation: Conversation, random: Random): CrispMessage | undefined {
  const { messages } = currentState(conversation);
  return messages.length === 0 ? undefined : random.pick(messages.slice(-30));
}

// Any moment of this day: where the run lies in its buckets must not be the same every time.
const DAY_START_MS = 1_790_812_800_000;
const DAY_MS = 24 * 3600_000;

const WEBSITES = [
  '8c842203-7ed8-4e29-a608-7cf78a7d2fcc',
  '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10',
  '3b7c9a11-90d2-4c3e-8f5a-0a1b2c3d4e5f',
];

/** What a run is configured with, and how its Crisp behaves. */
export function drawSettings(seed: number, random: Random): WorldSettings {
  return {
    seed,
    startMs: DAY_START_MS + random.integer(0, DAY_MS),
    coalesceSeconds: random.pick([60, 60, 60, 20, 300]),
    marginSeconds: 10,
    queueDelaySeconds: random.chance(0.2) ? random.pick([0, 5, 30]) : undefined,
    include: random.pick(['profile', 'profile', 'profile,pages,events,relations']),
    inlineLimitBytes: random.pick([204_800, 204_800, 3_000]),
    maxPages: 25,
    // Of its own stream: what else is drawn for a seed stays as it is.
    dailyQuota: createRandom(seed).fork('daily-quota').chance(0.15) ? 60 : undefined,
    crisp: { pageSize: random.pick([20, 40]), isInclusive: random.chance(0.3), says206: random.chance(0.85) },
    hooks: {
      mode: random.chance(0.85) ? 'plugin' : 'website',
      timestampUnit: random.chance(0.7) ? 'ms' : 's',
      isBase64: random.chance(0.2),
      resigns: random.chance(0.5),
    },
    websiteIds: WEBSITES.slice(0, random.integer(1, WEBSITES.length)),
  };
}

interface Period {
  readonly startMs: number;
  readonly lengthMs: number;
}

/** What comes from others: forged deliveries, other websites' events, and messages that somebody puts into the queue. */
function bother(world: World, { startMs, lengthMs }: Period, random: Random): void {
  const { clock } = world;
  const soon = () => startMs + random.integer(0, lengthMs);
  for (let each = random.integer(0, 4); each > 0; each -= 1)
    clock.schedule(soon(), () => random.pick([forge, replay, tamper])(world, random));
  if (random.chance(0.3)) {
    const websiteId = random.uuid();
    clock.schedule(soon(), () => world.hooks.send(aMessage(websiteId, `session_${random.hex(8)}`)));
  }
  for (let each = random.chance(0.4) ? random.integer(1, 3) : 0; each > 0; each -= 1) {
    const body = drawBody(world, random);
    clock.schedule(soon(), () => enqueue(world, body, random));
  }
}

/** Somebody who does not know the secret. */
export function forge(world: World, random: Random): void {
  send(world, random, { secret: `whsec-forged-${random.hex(16)}`, isGenuine: false, isOnce: true });
}

/** Somebody who has seen a delivery long ago. */
function replay(world: World, random: Random): void {
  // Without a signature there is no age to look at.
  if (world.hooks.habits.mode === 'website') return;
  send(world, random, { timestampShiftMs: -25 * 3600_000, isGenuine: false, isOnce: true });
}

/** Somebody on the way who writes the body anew, as a proxy might: what was signed are its bytes. */
function tamper(world: World, random: Random): void {
  if (world.hooks.habits.mode === 'website') return;
  send(world, random, { changeBody: writeAnew, isGenuine: false, isOnce: true });
}

export function writeAnew(body: Buffer): Buffer {
  return Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));
}

function send({ settings, hooks }: World, random: Random, trouble: DeliveryTrouble): void {
  hooks.send(aMessage(random.pick(settings.websiteIds), `session_${random.hex(8)}`), trouble);
}

function aMessage(websiteId: string, sessionId: string): HookEvent {
  return { name: 'message:send', websiteId, sessionId, data: { from: 'user', type: 'text' } };
}

/** Another producer with access to the queue. */
export function enqueue({ sqs, sessions }: World, body: string, random: Random): void {
  const message = {
    MessageBody: body,
    MessageGroupId: `stranger-${random.integer(1, 2)}`,
    MessageDeduplicationId: random.uuid(),
  };
  sqs.send(sessions, message, { by: 'stranger' });
}

/** Rubbish, envelopes of other services, ids that lead elsewhere; and an honest one of a session that nobody knows. */
function drawBody({ settings, recorder }: World, random: Random): string {
  const websiteId = random.pick(settings.websiteIds);
  const job = { v: 1, websiteId, sessionId: `session_${random.hex(8)}`, mode: 'full' };
  recorder.note({ type: 'crisp-changed', sessionKey: `${websiteId}:${job.sessionId}`, fingerprints: null });
  return random.pick([
    'not JSON',
    '[]',
    '{"v":1',
    JSON.stringify({ ...job, v: 99 }),
    JSON.stringify({ ...job, sessionId: '../../../plugin/connect/account' }),
    JSON.stringify({ ...job, sessionId: '%2e%2e' }),
    JSON.stringify({ ...job, sessionId: undefined }),
    JSON.stringify({ ...job, websiteId: 'not-a-uuid' }),
    JSON.stringify({
      Type: 'Notification',
      TopicArn: 'arn:aws:sns:eu-west-1:123456789012:other',
      Message: 'x',
    }),
    JSON.stringify({ Records: [{ eventSource: 'aws:s3' }] }),
    JSON.stringify(job),
  ]);
}
