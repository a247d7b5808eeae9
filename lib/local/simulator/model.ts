// What Crisp's REST API and hooks carry, in the spelling of the wire. The compiler holds these types to the official
// client's. Times are epoch milliseconds.
export type ConversationState = 'pending' | 'unresolved' | 'resolved';
export type CustomData = Record<string, string | number | boolean>;
export type MessageFrom = 'user' | 'operator';

/** Crisp's numeric alias of each state, for sorting. */
export const STATUS_OF_STATE = { pending: 0, unresolved: 1, resolved: 2 } as const;

/** All types of messages. */
export const MESSAGE_TYPES = [
  'text',
  'file',
  'animation',
  'audio',
  'picker',
  'field',
  'carousel',
  'note',
  'event',
] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** What a message of each type contains. */
export interface MessageContents {
  text: string;
  note: string;
  file: { name: string; url: string; type: string };
  animation: { url: string; type: string };
  /** Duration in seconds. */
  audio: { url: string; type: string; duration: number };
  picker: {
    id: string;
    text: string;
    choices: {
      value: string;
      icon?: string;
      label: string;
      selected: boolean;
      action?: { type: string; target: string };
    }[];
    required?: boolean;
  };
  /** The value is absent or empty while the field is unanswered. */
  field: { id: string; text: string; explain: string; value?: string; required?: boolean };
  carousel: {
    text: string;
    targets: {
      title: string;
      description: string;
      image?: string;
      actions: { label: string; url: string }[];
    }[];
  };
  event: { namespace: string; text?: string };
}

export type MessageContent = MessageContents[MessageType];

export interface MessageUser {
  type?: string;
  user_id?: string;
  nickname?: string;
  avatar?: string;
}

/** What `message:send` and `message:received` say of a message. */
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

/** A message as `GET …/messages` returns it. */
export interface CrispMessage extends MessageEventFields {
  session_id: string;
  website_id: string;
  preview?: {
    url?: string;
    website?: string;
    title?: string;
    preview?: { excerpt?: string };
    stamped?: boolean;
  }[];
  /** The origin that read it; empty while unread. */
  read: string;
  /** The origin that it was delivered to; empty until then. */
  delivered: string;
  ignored?: Record<string, { type?: string; reason?: string }>;
  edited?: boolean;
  translated?: boolean;
  references?: { type?: string; name?: string; target?: string }[];
  original?: { original_id?: string };
  properties?: CustomData;
}

interface Geolocation {
  country: string;
  region: string;
  city: string;
  coordinates: { latitude: number; longitude: number };
}

export interface ConversationMeta {
  nickname: string;
  email: string;
  phone: string;
  address: string;
  subject: string;
  ip: string;
  origin: string;
  avatar: string | null;
  segments: string[];
  data: CustomData;
  connection: { isp: string; asn: string };
  device: {
    capabilities: string[];
    geolocation: Geolocation;
    system: {
      os: { name: string; version: string };
      engine: { name: string; version: string };
      browser: { name: string; major: string; version: string };
      useragent: string;
    };
    /** Minutes. */
    timezone: number;
    locales: string[];
  };
}

interface ComposeAtom {
  type?: 'start' | 'stop';
  excerpt?: string;
  timestamp?: number;
  user?: Omit<MessageUser, 'type'>;
}

/** A conversation as `GET …/conversation/{session_id}` returns it. */
export interface CrispConversation {
  session_id: string;
  website_id: string;
  inbox_id: string | null;
  people_id?: string;
  state: ConversationState;
  status: number;
  is_verified: boolean;
  is_blocked: boolean;
  availability: 'online' | 'offline';
  active: { now: boolean; last?: number };
  last_message: string;
  preview_message: { type: MessageType; from: MessageFrom; excerpt: string; fingerprint: number } | null;
  topic: string;
  verifications: { identity: string; method: string; annotation: string }[];
  participants: { type: string; target: string }[];
  mentions: string[];
  compose: { operator: ComposeAtom; visitor: ComposeAtom };
  unread: { operator: number; visitor: number };
  assigned: { user_id?: string } | null;
  meta: ConversationMeta;
  created_at: number;
  updated_at: number;
  waiting_since?: number;
}

/** An entry of `…/pages/{page}`. */
export interface VisitedPage {
  page_title: string;
  page_url: string;
  page_referrer?: string;
  timestamp: number;
}

/** An entry of `…/events/{page}`: what the shop's own code noted about the visitor. */
export interface CustomEvent {
  text: string;
  data: CustomData;
  color: string;
  timestamp: number;
}

/** A person as `GET …/people/profile/{people_id}` returns it. */
export interface CrispProfile {
  people_id: string;
  email: string;
  person: {
    nickname: string;
    avatar?: string;
    gender?: string;
    phone?: string;
    address?: string;
    description?: string;
    website?: string;
    timezone?: number;
    profiles?: { type: string; handle: string; url: string }[];
    employment?: { name?: string; domain?: string; title?: string; role?: string; seniority?: string };
    geolocation?: Geolocation;
    locales?: string[];
  };
  company?: {
    name?: string;
    legal_name?: string;
    domain?: string;
    url?: string;
    description?: string;
    timezone?: number;
    phones?: string[];
    emails?: string[];
    geolocation?: Geolocation;
    metrics?: { employees?: number; market_cap?: number; raised?: number; arr?: number };
    tags?: string[];
  };
  segments: string[];
  notepad: string;
  active: { now: boolean; last?: number };
  score: number;
  created_at: number;
  updated_at: number;
}

/** A website as `GET /website/{website_id}` returns it. */
export interface CrispWebsite {
  website_id: string;
  name: string;
  domain: string;
  logo: string;
  verified: boolean;
  institutional: boolean;
}
