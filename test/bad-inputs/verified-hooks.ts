import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { aHookPayload, HOOK_NOW_MS } from '../support/hook-request.ts';
import {
  HOSTILE_SEGMENTS,
  HOSTILE_SESSION_IDS,
  HOSTILE_VALUES,
  HOSTILE_WEBSITE_IDS,
} from '../support/hostile-ids.ts';
import type { HookRow } from './hook-row.ts';

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const withData = (data: Record<string, unknown>) => ({ payload: aHookPayload(data) });
const withEnvelope = (envelope: Record<string, unknown>) => ({ payload: aHookPayload({}, envelope) });
const show = (value: unknown) => (JSON.stringify(value) ?? 'undefined').slice(0, 60);

/** Deliveries with the right signature that cannot be processed, or that nobody wants. */
export const VERIFIED_HOOKS: readonly HookRow[] = [
  ['W20', 'a second too old', 401, 'timestamp_too_old', { timestamp: String(HOOK_NOW_MS - 86_401_000) }],
  ['W20', 'five minutes and a second ahead', 401, 'timestamp_in_future', aheadBy(301_000)],

  ...['null', '[]', '"x"', '1', 'true'].map(
    (body): HookRow => ['W4', `the body ${body}`, 400, 'payload_not_object', { body }],
  ),
  ['W5', 'JSON that breaks off', 400, 'invalid_json', { body: '{"event":' }],
  ['W5', 'JSON with a comma too many', 400, 'invalid_json', { body: '{"event":"x",}' }],
  ['W38', 'bytes that are not UTF-8', 400, 'invalid_utf8', { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
  ['W39', 'a byte order mark', 400, 'invalid_json', { body: `\ufeff${JSON.stringify(aHookPayload())}` }],
  ['W34', '10,000 levels', 400, 'too_deep', { body: deep(10_000) }],
  ['W34', '65 levels', 400, 'too_deep', { body: deep(65) }],
  ['W34', '64 levels, and no object', 400, 'payload_not_object', { body: deep(64) }],
  ['W35', '20,000 keys', 400, 'too_complex', { payload: { data: aMapOf(20_000) } }],
  ['W35', 'a list of 130,000', 400, 'too_complex', { body: JSON.stringify(Array(130_000).fill(0)) }],

  ...[undefined, null, '', 7, { name: 'message:send' }].map(
    (event): HookRow => ['W24', `the event ${show(event)}`, 400, 'event_missing', withEnvelope({ event })],
  ),
  ['W24', 'an unknown event', 200, 'unsupported_event', withEnvelope({ event: 'conversation:created' })],
  ['W24', 'an event of 10 KB', 200, 'unsupported_event', withEnvelope({ event: 'e'.repeat(10_000) })],
  ['W24', 'an unwanted event', 200, 'untriggered_event', withEnvelope({ event: 'message:compose:send' })],
  [
    'W24',
    'an event of people without a session',
    200,
    'no_session',
    { payload: aHookPayload({ session_id: undefined }, { event: 'people:profile:updated' }) },
  ],
  ...[undefined, null, [], 'text', 1].map(
    (data): HookRow => ['W25', `the data ${show(data)}`, 400, 'data_malformed', withEnvelope({ data })],
  ),

  ...[undefined, null, [], 'text', 1].flatMap((data): HookRow[] => [
    [
      'W44',
      `an unwanted event with the data ${show(data)}`,
      200,
      'untriggered_event',
      withEnvelope({ event: 'message:compose:send', data }),
    ],
    [
      'W44',
      `an unknown event with the data ${show(data)}`,
      200,
      'unsupported_event',
      withEnvelope({ event: 'status:new', data, website_id: 7 }),
    ],
    [
      'W44',
      `an event of people with the data ${show(data)}`,
      200,
      'no_session',
      withEnvelope({ event: 'people:profile:updated', data }),
    ],
    [
      'W44',
      `another website's event with the data ${show(data)}`,
      200,
      'unknown_website',
      withEnvelope({ data }),
      { CRISP_WEBSITE_IDS: OTHER_WEBSITE_ID },
    ],
  ]),
  [
    'W44',
    "another website's event with ids that are none",
    200,
    'unknown_website',
    withData({ website_id: 7, session_id: '../x' }),
    { CRISP_WEBSITE_IDS: OTHER_WEBSITE_ID },
  ],

  ['W26', 'two websites', 400, 'website_mismatch', withData({ website_id: OTHER_WEBSITE_ID })],
  [
    'W26',
    'no website',
    400,
    'website_mismatch',
    { payload: aHookPayload({ website_id: undefined }, { website_id: undefined }) },
  ],
  ...[...HOSTILE_WEBSITE_IDS, ...HOSTILE_VALUES].map(
    (website_id): HookRow => [
      'W26',
      `the website ${show(website_id)}`,
      400,
      'website_id_invalid',
      { payload: aHookPayload({ website_id }, { website_id }) },
    ],
  ),
  [
    'W27',
    'a website that is not listed',
    200,
    'unknown_website',
    {},
    { CRISP_WEBSITE_IDS: OTHER_WEBSITE_ID },
  ],

  ['W28', 'no session in a message event', 400, 'session_id_missing', withData({ session_id: undefined })],
  [
    'W28',
    'no session in a session event',
    400,
    'session_id_missing',
    { payload: aHookPayload({ session_id: null }, { event: 'session:removed' }) },
  ],
  ['W33', 'a session hidden in a prototype', 400, 'session_id_missing', { body: aHiddenSession() }],
  ...HOSTILE_SESSION_IDS.map(
    (session_id): HookRow => [
      rowOfSessionId(session_id),
      `the session ${show(session_id)}`,
      400,
      'session_id_invalid',
      withData({ session_id }),
    ],
  ),
  ...HOSTILE_VALUES.map(
    (session_id): HookRow => [
      'W32',
      `the session ${show(session_id)}`,
      400,
      'session_id_invalid',
      withData({ session_id }),
    ],
  ),
];

function aheadBy(ms: number) {
  return { timestamp: String(HOOK_NOW_MS + ms) };
}

function aMapOf(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
}

function aHiddenSession(): string {
  return `{"event":"message:send","website_id":"${WEBSITE_ID}","data":{"__proto__":{"session_id":"session_abc"}}}`;
}

/** W29 is one known attack, W30 what leaves a path segment, W31 what breaks a line or a limit. */
function rowOfSessionId(text: string): string {
  const segment = text.replace(/^session_/, '');
  if (segment.startsWith('../../')) return 'W29';
  const leavesItsSegment = /^[\x21-\x7e]{1,30}$/.test(segment) && HOSTILE_SEGMENTS.includes(segment);
  return leavesItsSegment ? 'W30' : 'W31';
}
