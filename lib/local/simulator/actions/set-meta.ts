import type { SessionRef } from '../../../core/ids.ts';
import type { CustomData } from '../model/conversation.ts';
import type { SessionEventName } from '../model/event.ts';
import type { World } from '../world.ts';
import { emitRawEvent, emitSessionEvent } from './emit.ts';
import { touch } from './touch.ts';

const TEXT_FIELDS = ['email', 'phone', 'address', 'subject', 'avatar', 'nickname', 'origin'] as const;

type TextField = (typeof TEXT_FIELDS)[number];

export interface MetaChange extends Partial<Readonly<Record<TextField, string>>> {
  readonly segments?: readonly string[];
  readonly data?: CustomData;
}

/** Sets fields of the conversation's meta; each field that is given causes its own event. */
export function setMeta(world: World, session: SessionRef, change: MetaChange): void {
  const stored = touch(world, session);
  const { meta } = stored.conversation;

  for (const field of TEXT_FIELDS) {
    const value = change[field];
    if (value === undefined) continue;
    meta[field] = value;
    emitField(world, session, field, value);
  }
  if (change.segments !== undefined) {
    meta.segments = [...change.segments];
    emitSessionEvent(world, stored, 'session:set_segments', { segments: meta.segments });
  }
  if (change.data !== undefined) {
    meta.data = change.data;
    emitSessionEvent(world, stored, 'session:set_data', { data: meta.data });
  }
}

function emitField(world: World, session: SessionRef, field: TextField, value: string): void {
  const event: SessionEventName = `session:set_${field}`;
  const { ref, conversation } = world.store.conversation(session);
  emitRawEvent(world, ref.websiteId, event, {
    website_id: ref.websiteId,
    session_id: ref.sessionId,
    inbox_id: conversation.inbox_id,
    [field]: value,
  });
}
