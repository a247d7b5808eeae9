import type {
  Conversation,
  DeadLetterGroup,
  Letter,
  Line,
  LineOutcome,
  Overview,
  Redrive,
  RunRow,
  Session,
  TimelineEntry,
} from '../../../lib/console/model.ts';

// Invented data for the page alone, as much of it as a test wants, and the same each time.

export const NOW_MS = Date.UTC(2026, 8, 14, 10, 30, 0);
const WEBSITE = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';
const NAMES = [
  'Elif Inkpen',
  'Ada Moreau',
  null,
  'Tomasz Vane',
  'Mira Okafor',
  'Jun Halloway',
  'Priya Lindqvist',
];
const MESSAGES = [
  'Is my parcel lost?',
  'It is out for delivery and arrives today.',
  'The lid arrived in two pieces 😢',
  'Bonjour, est-ce que vous livrez au Québec ?',
  'We would like forty blue teapots for our café.',
  'Wonderful!',
  'I was charged twice, could you have a look?',
];
const OUTCOMES: readonly LineOutcome[] = [
  'fetching',
  'emitted',
  'emitted',
  'waiting',
  'unchanged',
  'emitted',
  'covered',
];

export function aSession(index: number): Session {
  return { websiteId: WEBSITE, sessionId: `session_${String(index).padStart(8, '0')}-2f4c-4a1b` };
}

export function aLine(index: number, fields: Partial<Line> = {}): Line {
  const outcome = OUTCOMES[index % OUTCOMES.length] ?? 'emitted';
  const isFetched = outcome !== 'waiting' && outcome !== 'fetching';
  return {
    session: aSession(index),
    name: NAMES[index % NAMES.length] ?? null,
    lastMessage: MESSAGES[index % MESSAGES.length] ?? null,
    hooks: 1 + ((index * 5) % 7),
    fetches: isFetched ? 1 : 0,
    calls: isFetched ? 1 + (index % 3) : 0,
    durationMs: isFetched ? 40 + ((index * 37) % 400) : null,
    outcome,
    version: isFetched ? NOW_MS - index * 7_000 : null,
    failure: null,
    atMs: NOW_MS - index * 7_000,
    ...fields,
  };
}

export const FAILURE = {
  code: 'crisp_forbidden',
  words: 'Crisp refuses this conversation (403, no_session_scope)',
};

export function anOverview(fields: Partial<Overview> = {}): Overview {
  const wave = (scale: number, shift: number) =>
    Array.from({ length: 16 }, (_, minute) =>
      Math.max(0, Math.round(scale * (1 + Math.sin(minute / 2 + shift)))),
    );
  const day = Array.from({ length: 48 }, (_, index) => ({
    atMs: NOW_MS - (47 - index) * 12 * 60_000,
    calls: Math.round(412 * (index / 47) ** 1.2),
    loop: Math.round(3_532 * (index / 47) ** 1.35),
  }));
  return {
    bar: {
      product: 'crisp-enrich',
      stage: 'local',
      region: 'us-east-1',
      isLocal: true,
      account: null,
      confirm: null,
      deliveries: { state: 'flowing', reason: null, sinceMs: null, nextLookMs: null },
      calls: { used: 412, quota: 5_000, left: 4_588, saved: 3_120 },
      unread: [],
    },
    stations: [
      { name: 'hooks', lastMinute: 38, minutes: wave(14, 0), concern: { label: 'refused', count: 0 } },
      { name: 'queue', lastMinute: 9, minutes: wave(5, 0.4), concern: { label: 'waiting', count: 3 } },
      { name: 'fetch', lastMinute: 7, minutes: wave(4, 0.8), concern: { label: 'failing', count: 1 } },
      { name: 'archive', lastMinute: 6, minutes: wave(3, 1), concern: null },
      { name: 'records', lastMinute: 6, minutes: wave(3, 1.2), concern: { label: 'undelivered', count: 0 } },
    ],
    savings: {
      calls: 412,
      callsOfALoop: 3_532,
      coalesced: 2_418,
      covered: 204,
      incremental: 391,
      cached: 107,
      day,
    },
    waiting: 3,
    deadLetters: 3,
    isLive: true,
    asOfMs: NOW_MS,
    canPlay: true,
    ...fields,
  };
}

export function aLetter(index: number, fields: Partial<Letter> = {}): Letter {
  return {
    messageId: `2a3f0b1c-0000-4000-8000-${String(index).padStart(12, '0')}`,
    session: aSession(index),
    code: FAILURE.code,
    words: FAILURE.words,
    attempts: 5,
    deadMs: NOW_MS - (index + 1) * 200_000,
    expiresMs: NOW_MS + 13 * 86_400_000,
    state: 'dead',
    ...fields,
  };
}

export function aGroup(fields: Partial<DeadLetterGroup> = {}): DeadLetterGroup {
  return {
    code: FAILURE.code,
    meaning: '402 or 403.',
    remedy: 'Grant the scope in the hint, redrive.',
    count: 2,
    oldestMs: NOW_MS - 600_000,
    firstExpiryMs: NOW_MS + 13 * 86_400_000,
    canRedrive: true,
    ...fields,
  };
}

export function aRun(index: number, fields: Partial<RunRow> = {}): RunRow {
  const outcomes = ['emitted', 'emitted', 'unchanged', 'deferred', 'emitted', 'failed', 'covered'] as const;
  const outcome = outcomes[index % outcomes.length] ?? 'emitted';
  const isFault = outcome === 'failed' || outcome === 'deferred';
  return {
    session: aSession(index % 40),
    messageId: `run-${index}`,
    atMs: NOW_MS - index * 4_000,
    outcome,
    attempt: 1 + (index % 5 === 0 ? 1 : 0),
    calls: outcome === 'covered' ? 0 : 3,
    durationMs: 40 + ((index * 37) % 400),
    code: isFault ? 'crisp_unavailable' : null,
    words: isFault ? 'Crisp answered 503 three times' : null,
    nextMs: isFault ? NOW_MS + 30_000 : null,
    ...fields,
  };
}

export function aRedrive(entries: Redrive['entries'], fields: Partial<Redrive> = {}): Redrive {
  const counts = { waiting: 0, queued: 0, record: 0, unchanged: 0, covered: 0, failed: 0, kept: 0, gone: 0 };
  for (const { state } of entries) counts[state] += 1;
  const open = counts.waiting + counts.queued;
  return {
    id: 'redrive-1',
    label: `${FAILURE.code}, ${entries.length} messages`,
    startedMs: NOW_MS,
    endedMs: open === 0 ? NOW_MS : null,
    total: entries.length,
    moved: entries.length - counts.waiting,
    ratePerSecond: 1,
    entries,
    counts,
    problem: null,
    ...fields,
  };
}

const step = (
  atMs: number,
  kind: TimelineEntry['kind'],
  words: string,
  fields: Partial<TimelineEntry> = {},
) => ({
  atMs,
  kind,
  words,
  calls: null,
  durationMs: null,
  version: null,
  code: null,
  nextMs: null,
  messageId: null,
  ...fields,
});

export function aTimeline(version: number | null): TimelineEntry[] {
  const atMs = NOW_MS - 60_000;
  const hook = (ms: number, event: string, messageId: string, isFirst = false) =>
    step(ms, 'hook', `${event}, ${isFirst ? 'queued' : 'joined what was queued'}`, { messageId });
  return [
    hook(atMs - 90_000, 'message:send', 'm1', true),
    hook(atMs - 89_500, 'message:send', 'm1'),
    step(atMs - 80_000, 'fetched', 'fetched', { calls: 3, durationMs: 136 }),
    step(atMs - 79_900, 'announced', 'announced to every consumer', { version: NOW_MS - 140_000 }),
    hook(atMs, 'message:send', 'm2', true),
    ...[300, 600, 900].map((ms) => hook(atMs + ms, 'message:send', 'm2')),
    hook(atMs + 1500, 'session:set_routing', 'm2'),
    ...(version === null
      ? [
          step(atMs + 12_000, 'dead', 'attempt 1 failed for good in messages, HTTP 403', {
            code: FAILURE.code,
            calls: 2,
            durationMs: 31,
          }),
          step(atMs + 12_100, 'dead-lettered', 'waits in the dead-letter queue after 1 attempt', {
            code: FAILURE.code,
            nextMs: NOW_MS + 13 * 86_400_000,
          }),
        ]
      : [
          step(atMs + 12_000, 'deferred', 'put off in messages, HTTP 429, which spends no attempt', {
            code: 'crisp_rate_limited',
            nextMs: atMs + 22_000,
          }),
          step(atMs + 22_000, 'fetched', 'fetched', { calls: 2, durationMs: 94 }),
          step(atMs + 22_100, 'announced', 'announced to every consumer', { version }),
        ]),
  ];
}

export function aConversation(index: number, fields: Partial<Conversation> = {}): Conversation {
  const version = NOW_MS - index * 7_000;
  return {
    session: aSession(index),
    record: aRecord(index),
    versions: [version, version - 60_000].map((each) => ({ version: each, atMs: each })),
    timeline: aTimeline(version),
    deadLetters: [],
    unread: [],
    ...fields,
  };
}

export function aMessage(index: number, fields: Record<string, unknown> = {}) {
  return {
    type: 'text',
    from: 'user',
    content: `Message ${index}`,
    fingerprint: 100 + index,
    timestamp: NOW_MS - 3_600_000 + index * 20_000,
    user: { nickname: fields.from === 'operator' ? 'Grace' : 'Elif Inkpen' },
    ...fields,
  };
}

export function aRecord(index: number, messages: readonly unknown[] = MESSAGES_OF_ALL_TYPES) {
  const { websiteId, sessionId } = aSession(index);
  return {
    schema: 'crisp-enrich/conversation/v1',
    kind: 'conversation.enriched',
    website_id: websiteId,
    session_id: sessionId,
    version: NOW_MS - index * 7_000,
    content_hash: `sha256:${'b4'.repeat(32)}`,
    fetched_at: new Date(NOW_MS - 40_000).toISOString(),
    state: 'unresolved',
    is_verified: true,
    topic: 'Parcel delay',
    inbox_id: null,
    meta: {
      nickname: NAMES[index % NAMES.length] ?? '',
      email: 'elif.inkpen@example.com',
      phone: '',
      ip: '203.0.113.9',
      origin: 'chat',
      segments: ['customer', 'wholesale'],
      data: { plan: 'pro', seats: 3, order: 'TL-1042' },
    },
    messages,
    profile: { person: { geolocation: { city: 'Nantes', country: 'FR' }, locales: ['fr', 'en'] } },
    metrics: { messages: messages.length },
    enrichment: {
      complete: true,
      mode: 'full',
      pages: 1,
      terminated_by: 'http_200',
      covers_latest_message: true,
      api_calls: 3,
      profile_cached: false,
      absorbed: 5,
      odd_fields: [],
    },
  };
}

const operator = { from: 'operator', user: { nickname: 'Grace' } };
const MESSAGES_OF_ALL_TYPES = [
  aMessage(0, { content: 'Hello?', timestamp: NOW_MS - 90_000_000 }),
  aMessage(1, {
    ...operator,
    content: 'Good morning! How can I help?',
    timestamp: NOW_MS - 89_950_000,
    automated: true,
  }),
  aMessage(2, { content: 'Is my parcel lost?' }),
  aMessage(3, { content: 'It should have been here on Tuesday.' }),
  aMessage(4, { content: 'Order TL-1042. See https://example.com/orders/TL-1042' }),
  aMessage(5, {
    type: 'file',
    content: { name: 'order.png', type: 'image/png', url: 'https://storage.example.com/o.png' },
  }),
  aMessage(6, { type: 'event', content: { namespace: 'state:assigned', text: 'Grace' } }),
  aMessage(7, { ...operator, content: 'Let me look that up for you.', edited: true }),
  aMessage(8, { ...operator, type: 'note', content: 'Carrier says: out for delivery.' }),
  aMessage(9, {
    ...operator,
    type: 'picker',
    content: {
      text: 'Shall we send it again, or refund it?',
      choices: [
        { label: 'Send it again', selected: false },
        { label: 'Refund', selected: true },
      ],
    },
  }),
  aMessage(10, { type: 'location', content: { latitude: 47.2 } }),
  aMessage(11, { ...operator, content: 'It is at the depot and arrives tomorrow before noon.' }),
  aMessage(12, { content: 'Thank you! ☕' }),
];
