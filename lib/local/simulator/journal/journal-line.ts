import type { CrispEvent } from '../model/event.ts';
import type { StoredConversation, StoredProfile } from '../store/create-store.ts';

/** A conversation as JSON can hold it. */
export type WrittenConversation = Omit<StoredConversation, 'originals'> & {
  readonly originals: readonly (readonly [string, unknown])[];
};

/** One line of the journal: the newest line about a thing is the truth about it; null means that it is gone. */
export type JournalLine =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'conversation';
      readonly websiteId: string;
      readonly id: string;
      readonly stored: WrittenConversation | null;
    }
  | {
      readonly kind: 'profile';
      readonly websiteId: string;
      readonly id: string;
      readonly stored: StoredProfile | null;
    }
  | { readonly kind: 'delivery'; readonly id: string; readonly event: CrispEvent | null };

/** What two lines about the same thing share. */
export function toLineKey(line: JournalLine): string {
  if (line.kind === 'started') return line.kind;
  return line.kind === 'delivery' ? `delivery ${line.id}` : `${line.kind} ${line.websiteId} ${line.id}`;
}
