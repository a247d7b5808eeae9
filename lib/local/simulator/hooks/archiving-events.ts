/**
 * The events that somebody who archives conversations would tick in the marketplace's settings of a plugin: everything
 * that changes a conversation's content, and nothing that only says who is typing.
 */
export const ARCHIVING_EVENTS = [
  'message:send',
  'message:received',
  'message:updated',
  'message:removed',
  'session:set_state',
  'session:set_routing',
  'session:set_inbox',
  'session:set_segments',
  'session:set_data',
  'session:set_email',
  'session:set_phone',
  'session:set_nickname',
  'session:set_subject',
  'session:set_participants',
  'session:set_block',
  'session:update_verify',
  'session:sync:rating',
  'session:sync:topic',
  'session:removed',
  'people:bind:session',
  'people:profile:updated',
  'people:profile:removed',
] as const;
