import type { SessionRef } from '../../../core/ids.ts';
import {
  type ConversationMeta,
  type CrispConversation,
  type Device,
  STATUS_OF_STATE,
} from '../model/conversation.ts';
import type { Persona } from './persona.ts';

// A handful of systems, shared by all conversations: a hundred thousand of them should stay small.
const SYSTEM: Device['system'] = {
  os: { name: 'Mac OS', version: '10.15' },
  engine: { name: 'WebKit', version: '537.36' },
  browser: { name: 'Chrome', major: '141', version: '141.0' },
  useragent: 'Mozilla/5.0 (simulated) Chrome/141.0',
};

/** A conversation that has just begun: pending, without messages, its visitor online. */
export function inventConversation(
  session: SessionRef,
  persona: Persona,
  { nowMs, isAnonymous }: { nowMs: number; isAnonymous: boolean },
): CrispConversation {
  return {
    session_id: session.sessionId,
    website_id: session.websiteId,
    inbox_id: null,
    state: 'pending',
    status: STATUS_OF_STATE.pending,
    is_verified: false,
    is_blocked: false,
    availability: 'online',
    active: { now: true, last: nowMs },
    last_message: '',
    preview_message: null,
    topic: '',
    verifications: [],
    participants: [],
    mentions: [],
    compose: { operator: {}, visitor: {} },
    unread: { operator: 0, visitor: 0 },
    assigned: null,
    meta: inventMeta(persona, isAnonymous),
    created_at: nowMs,
    updated_at: nowMs,
  };
}

function inventMeta(persona: Persona, isAnonymous: boolean): ConversationMeta {
  return {
    nickname: isAnonymous ? 'visitor' : persona.nickname,
    email: isAnonymous ? '' : persona.email,
    phone: '',
    address: '',
    subject: '',
    ip: persona.ip,
    origin: 'chat',
    avatar: null,
    segments: [],
    data: {},
    connection: { isp: 'Example ISP', asn: 'AS64500' },
    device: inventDevice(persona),
  };
}

function inventDevice({ country, region, city, latitude, longitude, timezone, locales }: Persona): Device {
  return {
    capabilities: ['call', 'browsing'],
    geolocation: { country, region, city, coordinates: { latitude, longitude } },
    system: SYSTEM,
    timezone,
    locales: [...locales],
  };
}
