import type {
  ConversationMeta,
  ConversationState,
  CrispConversation,
  CrispProfile,
  CustomData,
  CustomEvent,
  MessageContent,
  MessageEventFields,
  MessageUser,
  VisitedPage,
} from './model.ts';

/** The body of a hook. */
export interface CrispEvent {
  readonly website_id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** When it happened, epoch milliseconds. */
  readonly timestamp: number;
}

interface Acknowledgement {
  origin: string;
  fingerprints: number[];
}

interface Composing {
  type: 'start' | 'stop';
  excerpt?: string;
  timestamp: number;
}

type Device = ConversationMeta['device'];
type Nothing = Record<never, never>;

/** The fields of each session-scoped event beyond website_id, session_id and inbox_id. */
export interface SessionEvents {
  'message:send': MessageEventFields;
  'message:received': MessageEventFields;
  'message:updated': { fingerprint: number; content: MessageContent };
  'message:removed': { fingerprint: number };
  'message:compose:send': Composing;
  'message:compose:receive': Composing & { user: MessageUser };
  'message:acknowledge:read:send': Acknowledgement;
  'message:acknowledge:read:received': Acknowledgement;
  'message:acknowledge:unread:send': Acknowledgement;
  'message:acknowledge:delivered': Acknowledgement;
  'session:update_availability': { availability: 'online' | 'offline' };
  'session:update_verify': Pick<CrispConversation, 'is_verified' | 'verifications'>;
  'session:request:initiated': Nothing;
  'session:set_email': { email: string };
  'session:set_phone': { phone: string };
  'session:set_address': { address: string };
  'session:set_subject': { subject: string };
  'session:set_avatar': { avatar: string };
  'session:set_nickname': { nickname: string };
  'session:set_origin': { origin: string };
  'session:set_data': { data: CustomData };
  'session:set_segments': { segments: string[] };
  'session:set_block': { is_blocked: boolean };
  'session:set_participants': Pick<CrispConversation, 'participants'>;
  'session:set_mentions': { mentions: string[] };
  'session:set_routing': { routing_id: string | null; previous_routing_id: string | null };
  'session:set_inbox': { previous_inbox_id: string | null };
  'session:set_state': { state: ConversationState };
  'session:sync:capabilities': { capabilities: string[] };
  'session:sync:geolocation': Pick<Device, 'geolocation'>;
  'session:sync:system': Pick<Device, 'system'>;
  'session:sync:network': { network: Pick<ConversationMeta, 'ip' | 'connection'> };
  'session:sync:timezone': { timezone: { offset: number } };
  'session:sync:locales': { locales: { locales: string[] } };
  'session:sync:pages': { pages: VisitedPage[] };
  'session:sync:events': { events: CustomEvent[] };
  'session:sync:rating': { rating: { stars: number; comment?: string } };
  'session:sync:topic': { topic: string };
  'session:removed': Nothing;
  'people:bind:session': { people_id: string };
}

/** The fields of each website-scoped event beyond website_id. */
export interface WebsiteEvents {
  'people:profile:created': { people_id: string; email?: string };
  'people:profile:updated': {
    people_id: string;
    email?: string;
    update: { updated_at: number; person: CrispProfile['person'] };
  };
  'people:profile:removed': { people_id: string };
}

/**
 * The events that somebody who archives conversations would tick in the settings of a plugin: everything that changes a
 * conversation's content, and nothing that only says who is typing.
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
  if (event.startsWith('message:')) return 'website:conversation:messages';
  if (event.startsWith('session:')) return 'website:conversation:sessions';
  return event.startsWith('people:') ? 'website:people:profiles' : undefined;
}
