import type { Inclusion } from '../config/config.ts';
import type { CrispSegment } from '../crisp/crisp-url.ts';
import type { SessionRef } from '../ids.ts';

/** A conversation to try routes on. */
export interface TriedConversation {
  readonly session: SessionRef;
  /** Of its visitor's profile, where it has one. */
  readonly peopleId: string | undefined;
}

/** A family of routes that a record needs. */
export interface NeededRoute {
  /** In words, for a sentence. */
  readonly what: string;
  readonly scope: string;
  /** Undefined: always needed. */
  readonly inclusion: Inclusion | undefined;
  /** Undefined where the conversation does not have what the route is about. */
  readonly path: (conversation: TriedConversation) => readonly CrispSegment[] | undefined;
}

/** The family of a conversation itself, tried on the list of all. */
export const LIST_ROUTE = { what: 'conversations', scope: 'website:conversation:sessions' } as const;

/** The cheapest request of each further family, in the order in which a fetch makes them. */
export const NEEDED_ROUTES: readonly NeededRoute[] = [
  {
    what: 'messages',
    scope: 'website:conversation:messages',
    inclusion: undefined,
    path: ({ session }) => [...toConversationPath(session), 'messages'],
  },
  {
    what: 'profiles',
    scope: 'website:people:profiles',
    inclusion: 'profile',
    path: ({ session: { websiteId }, peopleId }) =>
      peopleId === undefined ? undefined : ['website', { websiteId }, 'people', 'profile', { peopleId }],
  },
  {
    what: 'visited pages',
    scope: 'website:conversation:pages',
    inclusion: 'pages',
    path: ({ session }) => [...toConversationPath(session), 'pages', { page: 1 }],
  },
  {
    what: 'custom events',
    scope: 'website:conversation:events',
    inclusion: 'events',
    path: ({ session }) => [...toConversationPath(session), 'events', { page: 1 }],
  },
  {
    what: 'relations',
    scope: 'website:conversation:sessions',
    inclusion: 'relations',
    path: ({ session }) => [...toConversationPath(session), 'relations'],
  },
];

/** The route of a conversation itself. */
export function toConversationPath({ websiteId, sessionId }: SessionRef): CrispSegment[] {
  return ['website', { websiteId }, 'conversation', { sessionId }];
}
