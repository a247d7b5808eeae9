import type { MessageFrom, MessageType } from './message.ts';

export type ConversationState = 'pending' | 'unresolved' | 'resolved';
export type CustomData = Record<string, string | number | boolean>;

/** Crisp's numeric alias of each state, for sorting. */
export const STATUS_OF_STATE = { pending: 0, unresolved: 1, resolved: 2 } as const satisfies Record<
  ConversationState,
  number
>;

export interface Geolocation {
  country: string;
  region: string;
  city: string;
  coordinates: { latitude: number; longitude: number };
}

export interface Device {
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
  device: Device;
}

export interface Participant {
  type: string;
  target: string;
}

export interface Verification {
  identity: string;
  method: string;
  annotation: string;
}

export interface ComposeAtom {
  type?: 'start' | 'stop';
  excerpt?: string;
  timestamp?: number;
  user?: { user_id?: string; nickname?: string; avatar?: string };
}

/** A conversation as `GET …/conversation/{session_id}` returns it. Times are epoch milliseconds. */
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
  verifications: Verification[];
  participants: Participant[];
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

/** The raw source of a message, e.g. the e-mail it came from. */
export interface OriginalMessage {
  website_id: string;
  session_id: string;
  original_id: string;
  type: string;
  headers: Record<string, string>;
  content: string;
  timestamp: number;
}
