import type { FetchMode } from '../job/session-job.ts';
import type { HookEvent } from './read-hook-event.ts';

// Edits and deletions change messages on old pages, which an incremental fetch does not read again.
const CHANGES_OLD_PAGES = new Set(['message:updated', 'message:removed']);

/** How much must be fetched after an event; a resolve closes a conversation, and its record is read back as a whole. */
export function decideFetchMode({ name, data }: HookEvent): FetchMode {
  if (CHANGES_OLD_PAGES.has(name)) return 'full';
  return name === 'session:set_state' && data.state === 'resolved' ? 'full' : 'incremental';
}
