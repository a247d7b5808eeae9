/**
 * `TRIGGER_EVENTS` where it is not set: whatever changes what a record says, less what is mere presence (typing,
 * availability, read marks, page views).
 */
export const DEFAULT_TRIGGER_EVENTS: readonly string[] = [
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
];
