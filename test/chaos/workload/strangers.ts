import type { Random } from '../../../lib/local/simulator/random.ts';
import type { DeliveryTrouble, HookEvent } from '../world/hooks/hook-sender.ts';
import type { World } from '../world/world.ts';

interface Period {
  readonly startMs: number;
  readonly lengthMs: number;
}

/** What comes from others: forged deliveries, other websites' events, and messages that somebody puts into the queue. */
export function bother(world: World, { startMs, lengthMs }: Period, random: Random): void {
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
  const changeBody = (body: Buffer) => Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));
  send(world, random, { changeBody, isGenuine: false, isOnce: true });
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
