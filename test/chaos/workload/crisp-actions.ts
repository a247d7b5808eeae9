import type { Random } from '../../../lib/local/simulator/random.ts';
import { CANARIES, type Conversation, type CrispMessage, currentState } from '../world/crisp/conversation.ts';
import type { DeliveryTrouble } from '../world/hooks/hook-sender.ts';
import type { World } from '../world/world.ts';

/** Something that people do in Crisp: it changes what is true there, and Crisp tells of it. */
export type CrispAction = (world: World, conversation: Conversation, random: Random) => void;

/** Tells of something; a disturbance of the moment changes the delivery where `trouble` says nothing. */
export function tell(
  world: World,
  { websiteId, sessionId }: Conversation,
  event: { name: string; data?: Readonly<Record<string, unknown>>; fingerprint?: number | undefined },
  trouble?: DeliveryTrouble,
): void {
  const { name, data = {}, fingerprint } = event;
  world.hooks.send({ name, websiteId, sessionId, data, fingerprint }, trouble);
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

export const edit: CrispAction = (world, conversation, random) => {
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

export const setMeta: CrispAction = (world, conversation, random) => {
  const [name, meta] = random.pick(META_CHANGES);
  world.crisp.store.set(conversation, { meta: { ...meta, round: random.integer(0, 9) } });
  tell(world, conversation, { name, data: meta });
};

const META_CHANGES = [
  ['session:set_email', { email: CANARIES.email }],
  ['session:set_phone', { phone: CANARIES.phone }],
  ['session:set_nickname', { nickname: CANARIES.nickname }],
  ['session:set_segments', { segments: ['chat', 'vip'] }],
  ['session:set_data', { data: { plan: 'basic' } }],
] as const;

export const remove: CrispAction = (world, conversation) => {
  world.crisp.store.remove(conversation);
  tell(world, conversation, { name: 'session:removed' });
};

/** What is nobody's business: presence, typing, events that nobody knows or wants. */
export const murmur: CrispAction = (world, conversation, random) => {
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

function pickMessage(conversation: Conversation, random: Random): CrispMessage | undefined {
  const { messages } = currentState(conversation);
  return messages.length === 0 ? undefined : random.pick(messages.slice(-30));
}
