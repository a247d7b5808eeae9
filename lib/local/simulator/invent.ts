import { parseWebsiteId, type SessionRef } from '../../ids.ts';
import {
  type CrispConversation,
  type CrispProfile,
  type MessageContents,
  type MessageFrom,
  type MessageType,
  STATUS_OF_STATE,
} from './model.ts';
import type { Random } from './random.ts';
import { SimulatorError, type StoredWebsite } from './store.ts';

// Everything here is invented: addresses at example.com and in 203.0.113.0/24, telephone numbers kept free for fiction.

/** What the customers of an invented tea shop ask, and what its operators answer. */
export const SHOP_TALK = {
  questions: [
    'Hello, is my parcel lost? It should have been here on Tuesday.',
    'Do you still have the blue teapot?',
    'The lid arrived in two pieces 😢',
    'Can I change the delivery address?',
    'Which of the green teas is the mildest?',
    'I was charged twice, could you have a look?',
    'Est-ce que vous livrez au Québec ?',
    'The discount code TEATIME does not work.',
    'Is the gift box made of cardboard or wood?',
    'Thanks!',
    'One more thing: can you add a gift card?',
    'It says “out for delivery” since yesterday…',
  ],
  answers: [
    'Good morning! Let me look that up for you.',
    'I am sorry about that. A replacement leaves today.',
    'Your parcel is at the depot and arrives tomorrow before noon.',
    'We have three left, shall I put one aside?',
    'Done: the address is changed.',
    'The second charge was a reservation, it disappears within two days.',
    'Oui, comptez cinq jours ouvrés.',
    'Is there anything else I can do?',
    'You are welcome, enjoy your tea!',
  ],
  notes: [
    'Regular customer, be generous.',
    'Depot confirmed the delay by phone.',
    'Second broken lid this week: tell the packers.',
  ],
  topics: ['Parcel delay', 'Broken lid', 'Billing', 'Product advice', 'Address change'],
  segments: ['customer', 'newsletter', 'wholesale', 'press'],
  pages: [
    { page_title: 'Teapots', page_url: 'https://shop.example.com/teapots' },
    { page_title: 'Green teas', page_url: 'https://shop.example.com/green' },
    { page_title: 'Delivery', page_url: 'https://shop.example.com/delivery' },
    { page_title: 'Your basket', page_url: 'https://shop.example.com/basket' },
  ],
} as const;

const FIRST_NAMES =
  'Ada Bruno Cleo Dario Elif Fenna Goran Hana Ilse Jonas Kaya Lumi Mateo Nia Oskar Pilar Quentin Rosa Sanna Tariq Uma Viggo Wren Zoé';
const LAST_NAMES =
  'Amberly Birchwell Copperfeld Dunmoor Elderbrook Fernsby Gladewater Hollowell Inkpen Juniper Kettleby Larkspur Mosswood Nettlefold';
// Country, region, city, latitude, longitude, timezone in minutes as browsers give it, languages.
const PLACES = [
  ['FR', 'IDF', 'Paris', 48.85, 2.35, -120, 'fr en'],
  ['DE', 'BE', 'Berlin', 52.52, 13.4, -120, 'de en'],
  ['PT', '11', 'Lisbon', 38.72, -9.14, -60, 'pt'],
  ['GB', 'ENG', 'Leeds', 53.8, -1.55, -60, 'en'],
  ['CA', 'QC', 'Montréal', 45.5, -73.57, 240, 'fr en'],
] as const;

/** An invented person. */
export type Persona = ReturnType<typeof inventPersona>;

/** Draws a person. The e-mail holds a number, so that two people seldom share it. */
export function inventPersona(random: Random) {
  const first = random.pick(FIRST_NAMES.split(' '));
  const last = random.pick(LAST_NAMES.split(' '));
  const number = random.integer(1, 99_999);
  const mailbox = `${first}.${last}.${number}`
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9.]/g, '');
  const [country, region, city, latitude, longitude, timezone, languages] = random.pick(PLACES);

  return {
    geolocation: { country, region, city, coordinates: { latitude, longitude } },
    timezone,
    locales: languages.split(' '),
    nickname: `${first} ${last}`,
    email: `${mailbox}@example.com`,
    // 07700 900000 to 900999 is kept free for fiction.
    phone: `+447700900${String(random.integer(0, 999)).padStart(3, '0')}`,
    ip: `203.0.113.${random.integer(1, 254)}`,
  };
}

// Shared by all conversations: a hundred thousand of them should stay small.
const SYSTEM = {
  os: { name: 'Mac OS', version: '10.15' },
  engine: { name: 'WebKit', version: '537.36' },
  browser: { name: 'Chrome', major: '141', version: '141.0' },
  useragent: 'Mozilla/5.0 (simulated) Chrome/141.0',
};

/** A conversation that has just begun: pending, without messages, its visitor online. */
export function inventConversation(
  { websiteId, sessionId }: SessionRef,
  { nickname, email, ip, geolocation, timezone, locales }: Persona,
  { nowMs, isAnonymous }: { nowMs: number; isAnonymous: boolean },
): CrispConversation {
  return {
    session_id: sessionId,
    website_id: websiteId,
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
    meta: {
      nickname: isAnonymous ? 'visitor' : nickname,
      email: isAnonymous ? '' : email,
      phone: '',
      address: '',
      subject: '',
      ip,
      origin: 'chat',
      avatar: null,
      segments: [],
      data: {},
      connection: { isp: 'Example ISP', asn: 'AS64500' },
      device: { capabilities: ['call', 'browsing'], geolocation, system: SYSTEM, timezone, locales },
    },
    created_at: nowMs,
    updated_at: nowMs,
  };
}

/** The CRM profile of an invented person. */
export function inventProfile(
  peopleId: string,
  persona: Persona,
  nowMs: number,
  random: Random,
): CrispProfile {
  const { email, nickname, phone, timezone, geolocation, locales } = persona;

  return {
    people_id: peopleId,
    email,
    person: { nickname, phone, timezone, geolocation, locales: [...locales] },
    company: { name: 'Example Works', domain: 'example.com', url: 'https://example.com' },
    segments: [],
    notepad: '',
    active: { now: true, last: nowMs },
    score: random.integer(0, 10) / 10,
    created_at: nowMs,
    updated_at: nowMs,
  };
}

export interface WebsiteInput {
  /** Drawn from the seed where it is absent. */
  readonly websiteId?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly isSubscribed?: boolean;
}

/** A website without conversations, with two operators. Throws `SimulatorError` where its id is no UUID. */
export function inventWebsite(input: WebsiteInput, random: Random): StoredWebsite {
  const { name = 'Kettle & Leaf', domain = 'shop.example.com', isSubscribed = true } = input;
  const websiteId = parseWebsiteId(input.websiteId ?? random.uuid());
  if (websiteId === undefined) throw new SimulatorError('unknown_website', `${input.websiteId} is no UUID`);

  return {
    websiteId,
    website: { website_id: websiteId, name, domain, logo: '', verified: true, institutional: false },
    operators: ['Mira', 'Theo'].map((nickname) => ({ userId: random.uuid(), nickname })),
    conversations: new Map(),
    profiles: new Map(),
    peopleIdByEmail: new Map(),
    isSubscribed,
  };
}

/** Draws a content that suits the type and the sender. */
export function inventContent<Type extends MessageType>(
  type: Type,
  from: MessageFrom,
  random: Random,
): MessageContents[Type] {
  return CONTENTS[type](random, from);
}

const FILES = 'https://storage.example.com/simulator';

const CONTENTS: { [Type in MessageType]: (random: Random, from: MessageFrom) => MessageContents[Type] } = {
  text: (random, from) => random.pick(from === 'user' ? SHOP_TALK.questions : SHOP_TALK.answers),
  note: (random) => random.pick(SHOP_TALK.notes),
  file: (random) => ({
    name: `photo-${random.integer(1, 99)}.jpg`,
    url: `${FILES}/${random.hex(12)}.jpg`,
    type: 'image/jpeg',
  }),
  animation: (random) => ({ url: `${FILES}/${random.hex(12)}.gif`, type: 'image/gif' }),
  audio: (random) => ({
    url: `${FILES}/${random.hex(12)}.webm`,
    type: 'audio/webm',
    duration: random.integer(2, 60),
  }),
  picker: (random) => ({
    id: `picker-${random.hex(6)}`,
    text: 'How would you like your refund?',
    choices: [
      { value: 'card', icon: '💳', label: 'To my card', selected: false },
      { value: 'voucher', label: 'As a voucher', selected: false },
    ],
  }),
  field: (random) => ({
    id: `field-${random.hex(6)}`,
    text: 'Order number',
    explain: 'You find it in the confirmation mail.',
    value: '',
  }),
  carousel: (random) => ({
    text: 'These go well with it:',
    targets: SHOP_TALK.pages.slice(0, random.integer(1, 3)).map(({ page_title, page_url }) => ({
      title: page_title,
      description: `Everything about ${page_title.toLowerCase()}`,
      actions: [{ label: 'Have a look', url: page_url }],
    })),
  }),
  event: () => ({ namespace: 'state:resolved', text: 'resolved the conversation' }),
};
