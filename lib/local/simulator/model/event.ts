import type {
  ConversationState,
  CustomData,
  CustomEvent,
  Device,
  Geolocation,
  Participant,
  Verification,
  VisitedPage,
} from './conversation.ts';
import type { MessageContent, MessageFrom, MessageType, MessageUser } from './message.ts';
import type { CrispProfile } from './profile.ts';

interface Acknowledgement {
  origin: string;
  fingerprints: number[];
}

interface Composing {
  type: 'start' | 'stop';
  excerpt?: string;
  timestamp: number;
}

export interface EventOperator {
  user_id: string;
  avatar?: string | null;
  nickname?: string;
}

/** What `message:send` and `message:received` say of the message. */
export interface MessageEventFields {
  type: MessageType;
  from: MessageFrom;
  origin: string;
  content: MessageContent;
  fingerprint: number;
  timestamp: number;
  stamped: boolean;
  user: MessageUser;
  mentions?: string[];
  automated?: boolean;
}

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
  'message:acknowledge:ignored': Acknowledgement & { details?: { type: string; reason: string } };
  'message:notify:unread:send': Nothing;
  'message:notify:unread:received': Nothing;
  'session:update_availability': { availability: 'online' | 'offline' };
  'session:update_verify': { is_verified: boolean; verifications: Verification[] };
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
  'session:set_opened': { operator: EventOperator };
  'session:set_closed': { operator: EventOperator };
  'session:set_participants': { participants: Participant[] };
  'session:set_mentions': { mentions: string[] };
  'session:set_routing': { routing_id: string | null; previous_routing_id: string | null };
  'session:set_inbox': { previous_inbox_id: string | null };
  'session:set_state': { state: ConversationState };
  'session:sync:capabilities': { capabilities: string[] | { capabilities: string[] } };
  'session:sync:geolocation': { geolocation: Geolocation };
  'session:sync:system': { system: Device['system'] };
  'session:sync:network': { network: { ip: string; connection: { isp: string; asn: string } } };
  'session:sync:timezone': { timezone: { offset: number } };
  'session:sync:locales': { locales: { locales: string[] } };
  'session:sync:pages': { pages: VisitedPage[] };
  'session:sync:events': { events: CustomEvent[] };
  'session:sync:rating': { rating: { stars: number; comment?: string } };
  'session:sync:topic': { topic: string };
  'session:removed': Nothing;
  'people:bind:session': { people_id: string };
  'people:sync:profile': { people_id: string; identity: Pick<CrispProfile, 'person'> };
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

export type SessionEventName = keyof SessionEvents;
export type WebsiteEventName = keyof WebsiteEvents;

/** The body of a hook. */
export interface CrispEvent {
  readonly website_id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** When it happened, epoch milliseconds. */
  readonly timestamp: number;
}
