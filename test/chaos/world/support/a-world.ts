import type { Conversation } from '../crisp/conversation.ts';
import type { WorldSettings } from '../settings.ts';
import { createWorld, type World } from '../world.ts';

/** A world in which nothing goes wrong. */
export function aWorld(settings: Partial<WorldSettings> = {}): World {
  return createWorld({
    seed: 1,
    startMs: 1_790_856_000_000,
    coalesceSeconds: 60,
    marginSeconds: 10,
    include: 'profile',
    inlineLimitBytes: 204_800,
    maxPages: 25,
    crisp: { pageSize: 20, isInclusive: false, says206: true },
    hooks: { mode: 'plugin', timestampUnit: 'ms', isBase64: false, resigns: true },
    websiteIds: ['8c842203-7ed8-4e29-a608-7cf78a7d2fcc'],
    ...settings,
  });
}

/** A new conversation with one message, of which Crisp tells. */
export function tellOfAMessage({ settings, crisp, hooks }: World, sessionId = 'session_a'): Conversation {
  const [websiteId = ''] = settings.websiteIds;
  const conversation = crisp.store.create({ websiteId, sessionId });
  const { fingerprint } = crisp.store.say(conversation, {});
  const data = { fingerprint, type: 'text', from: 'user' };
  hooks.send({ name: 'message:send', websiteId, sessionId, data, fingerprint });
  return conversation;
}
