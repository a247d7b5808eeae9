import { parseSessionId, parseWebsiteId, type SessionRef } from '../../../core/ids.ts';
import type { CrispEvent } from '../model/event.ts';
import type { Store, StoredConversation, StoredWebsite } from '../store/create-store.ts';
import type { WrittenConversation } from './journal-line.ts';
import type { Journal } from './open-journal.ts';

/** Notes changes of the state in a journal. */
export interface Keeper {
  /** Keeps the conversation and the profile that an event is about, as they are now. */
  keepSubjectOf(event: CrispEvent): void;
  /** Keeps a conversation that no event told of, with its visitor's profile. */
  keepConversation(session: SessionRef): void;
}

export function createKeeper(journal: Pick<Journal, 'append'>, store: Store): Keeper {
  function keep(website: StoredWebsite, sessionId: string): void {
    const stored = website.conversations.get(sessionId);
    const written = stored === undefined ? null : toWritten(stored);
    journal.append({ kind: 'conversation', websiteId: website.websiteId, id: sessionId, stored: written });
  }

  function keepProfile(website: StoredWebsite, peopleId: string): void {
    const stored = website.profiles.get(peopleId) ?? null;
    journal.append({ kind: 'profile', websiteId: website.websiteId, id: peopleId, stored });
  }

  return {
    keepSubjectOf({ data }) {
      const websiteId = parseWebsiteId(data.website_id);
      const website = websiteId === undefined ? undefined : store.websites.get(websiteId);
      if (website === undefined) return;
      const sessionId = parseSessionId(data.session_id);
      if (sessionId !== undefined) keep(website, sessionId);
      if (typeof data.people_id === 'string') keepProfile(website, data.people_id);
    },
    keepConversation({ websiteId, sessionId }) {
      const website = store.website(websiteId);
      keep(website, sessionId);
      const peopleId = website.conversations.get(sessionId)?.conversation.people_id;
      if (peopleId !== undefined) keepProfile(website, peopleId);
    },
  };
}

function toWritten(stored: StoredConversation): WrittenConversation {
  return { ...stored, originals: [...stored.originals] };
}
