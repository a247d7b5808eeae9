import type { OriginalMessage } from '../model/conversation.ts';
import type { Store, StoredConversation, StoredProfile, StoredWebsite } from '../store/create-store.ts';
import type { JournalLine, WrittenConversation } from './journal-line.ts';

/** Puts back what a journal holds. Websites come from the options: lines about others are passed over. */
export function restoreStore(store: Store, lines: readonly JournalLine[]): void {
  for (const line of lines) {
    if (line.kind === 'started' || line.kind === 'delivery' || line.stored === null) continue;
    const website = store.websites.get(line.websiteId);
    if (website === undefined) continue;
    if (line.kind === 'conversation') website.conversations.set(line.id, toStored(line.stored));
    else restoreProfile(website, line.stored);
  }
}

function toStored({ originals, ...stored }: WrittenConversation): StoredConversation {
  // Written by `toWritten`, from a map of such messages.
  return { ...stored, originals: new Map(originals as [string, OriginalMessage][]) };
}

function restoreProfile(website: StoredWebsite, stored: StoredProfile): void {
  const { people_id: peopleId, email } = stored.profile;
  website.profiles.set(peopleId, stored);
  website.peopleIdByEmail.set(email.toLowerCase(), peopleId);
}
