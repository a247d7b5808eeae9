const MESSAGES = 'website:conversation:messages';
const SESSIONS = 'website:conversation:sessions';
const PROFILES = 'website:people:profiles';

// Crisp's catalogue of real-time events: the token must hold this scope for the event to be delivered to its plugin.
const SCOPES: Readonly<Record<string, string>> = {
  'session:request:initiated': 'website:conversation:initiate',
  'session:set_block': 'website:conversation:actions',
  'session:set_opened': 'website:conversation:actions',
  'session:set_closed': 'website:conversation:actions',
  'session:set_participants': 'website:conversation:participants',
  'session:set_routing': 'website:conversation:routing',
  'session:set_state': 'website:conversation:states',
  'session:sync:pages': 'website:conversation:pages',
  'session:sync:events': 'website:conversation:events',
};

/** The scope that delivering an event to a plugin needs; undefined where none is listed. */
export function toEventScope(event: string): string | undefined {
  // The one session event for which the catalogue lists no scope.
  if (event === 'session:sync:capabilities') return undefined;
  if (SCOPES[event] !== undefined) return SCOPES[event];
  if (event.startsWith('message:')) return MESSAGES;
  if (event.startsWith('session:')) return SESSIONS;
  if (event.startsWith('people:')) return PROFILES;
  return undefined;
}
