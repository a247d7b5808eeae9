import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { aHookPayload, aHookRequest, HOOK_NOW_MS, HOOK_SECRET, type HookRequest } from '../support/hooks.ts';
import {
  HOSTILE_SEGMENTS,
  HOSTILE_SESSION_IDS,
  HOSTILE_VALUES,
  HOSTILE_WEBSITE_IDS,
} from '../support/hostile.ts';

const key = HOOK_SECRET;
const unsigned = { headers: { 'x-crisp-signature': undefined, 'x-crisp-request-timestamp': undefined } };
const WEBSITE_MODE = { CRISP_HOOK_MODE: 'website' };

const keyed: readonly (readonly [title: string, code: string, query: string])[] = [
  ['no key', 'key_missing', ''],
  ['an empty key', 'key_missing', 'key='],
  ['a key of another name', 'key_missing', `secret=${key}`],
  ['a key whose name is in capitals', 'key_missing', `KEY=${key}`],
  ['a wrong key', 'key_mismatch', `key=${key}x`],
  ['the beginning of the key', 'key_mismatch', `key=${key.slice(0, -1)}`],
  ['the key in capitals', 'key_mismatch', `key=${key.toUpperCase()}`],
  ['a key that is no percent-encoding', 'key_mismatch', 'key=%ff%'],
  ['the key twice', 'key_ambiguous', `key=${key}&key=${key}`],
  ['the key and an empty one', 'key_ambiguous', `key=${key}&key=`],
];

/** Deliveries that lack the credential which the endpoint's mode asks for. */
export const KEYED_HOOKS: readonly HookRow[] = [
  ...keyed.map(
    ([title, code, query]): HookRow => ['W21', title, 401, code, { ...unsigned, query }, WEBSITE_MODE],
  ),
  [
    'W21',
    'the key in the body',
    401,
    'key_missing',
    { ...unsigned, payload: aHookPayload({ key }, { key }) },
    WEBSITE_MODE,
  ],
  ['W22', 'a signed plugin hook in website mode', 401, 'hook_mode_mismatch', {}, WEBSITE_MODE],
  [
    'W22',
    'a keyed website hook in plugin mode',
    401,
    'hook_mode_mismatch',
    { ...unsigned, query: `key=${key}` },
  ],
];

const SIGNATURE = 'x-crisp-signature';
const TIMESTAMP = 'x-crisp-request-timestamp';
const KIB = 1024;
const validSignature = String(aHookRequest().headers[SIGNATURE]);
const signed = (value: string | undefined) => ({ headers: { [SIGNATURE]: value } });
const encoded = (value: string) => ({ headers: { 'content-encoding': value } });

/** Deliveries to a plugin's endpoint that are refused before anybody believes them. */
export const UNVERIFIED_HOOKS: readonly HookRow[] = [
  ...['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'].map(
    (method): HookRow => ['W1', `the method ${method}`, 405, 'method_not_allowed', { method }],
  ),
  ...[
    ...['/', '', '/hook', '//hook', '/hook/../hook', '//webhook', '/webhook/', '/webhook/x'],
    ...['/webhook/../webhook', '/webhook%2f', '/%77ebhook', '/WEBHOOK', '/webhook\0'],
  ].map((path): HookRow => ['W2', `the path ${JSON.stringify(path)}`, 404, 'not_found', { path }]),

  ['W3', 'no body', 400, 'empty_body', { body: '' }],
  ['W3', 'no body, in base64', 400, 'empty_body', { body: '', isBase64: true }],
  ['W7', 'a byte more than 256 KiB', 413, 'body_too_large', { body: 'a'.repeat(256 * KIB + 1) }],
  ['W7', 'a byte more, in base64', 413, 'body_too_large', { body: Buffer.alloc(256 * KIB + 1) }],
  ['W7', '1 MiB and a byte', 413, 'body_too_large', { body: 'a'.repeat(KIB * KIB + 1) }],
  ['W7', '256 KiB in characters, more in bytes', 413, 'body_too_large', { body: 'é'.repeat(200 * KIB) }],
  ['W35', 'a list of a million', 413, 'body_too_large', { body: JSON.stringify(Array(1e6).fill(0)) }],
  ['W35', '100,000 keys', 413, 'body_too_large', { body: aBodyOfKeys(100_000) }],
  ...['gzip', 'br', 'deflate', 'GZIP', 'gzip, gzip', 'identity, gzip'].map(
    (name): HookRow => ['W9', `the encoding ${name}`, 415, 'encoding_not_supported', encoded(name)],
  ),
  [
    'W9',
    'a compressed body in base64',
    415,
    'encoding_not_supported',
    { ...encoded('br'), body: Buffer.from([31, 139, 8, 0]) },
  ],
  ...['!!!', 'YQ', 'YQ==YQ==', 'YR==', ' YQ==', 'YQ==\n', '_-8='].map(
    (body): HookRow => [
      'W10',
      `base64 that is none: ${JSON.stringify(body)}`,
      400,
      'invalid_base64',
      { body, isBase64: true },
    ],
  ),

  ['W11', 'no signature', 401, 'signature_missing', signed(undefined)],
  ['W12', 'an empty signature', 401, 'signature_missing', signed('')],
  ['W13', '63 digits of a signature', 401, 'signature_malformed', signed(validSignature.slice(1))],
  ['W13', '65 digits of a signature', 401, 'signature_malformed', signed(`${validSignature}a`)],
  ...[
    `${validSignature}zz`,
    `${validSignature.slice(0, 62)}zz`,
    `sha256=${validSignature}`,
    `${validSignature.slice(0, 32)} ${validSignature.slice(32)}`,
    ` ${validSignature.slice(1)}`,
    `${validSignature}\n`,
    'z'.repeat(64),
    '٣'.repeat(64),
  ].map(
    (value): HookRow => [
      'W14',
      `the signature ${JSON.stringify(value)}`,
      401,
      'signature_malformed',
      signed(value),
    ],
  ),
  ['W15', 'two signatures', 401, 'signature_ambiguous', signed(`${validSignature},${validSignature}`)],
  [
    'W15',
    'two spellings of the signature header',
    401,
    'signature_ambiguous',
    { headers: { 'X-Crisp-Signature': validSignature } },
  ],
  [
    'W16',
    'one byte of the body changed',
    401,
    'signature_mismatch',
    { ...signed(validSignature), body: JSON.stringify(aHookPayload()).replace('parcel', 'Parcel') },
  ],
  [
    'W16',
    'the JSON written anew',
    401,
    'signature_mismatch',
    { ...signed(validSignature), body: JSON.stringify(aHookPayload(), null, 1) },
  ],
  [
    'W16',
    'the timestamp changed',
    401,
    'signature_mismatch',
    { ...signed(validSignature), timestamp: String(HOOK_NOW_MS + 1) },
  ],
  ['W17', 'the secret of another environment', 401, 'signature_mismatch', { secret: 'whsec_of_development' }],

  ['W18', 'no timestamp', 401, 'timestamp_missing', { headers: { [TIMESTAMP]: undefined } }],
  ['W18', 'an empty timestamp', 401, 'timestamp_missing', { headers: { [TIMESTAMP]: '' } }],
  ...[
    ...['abc', 'NaN', 'Infinity', '1e10', '0x65', ' 17 ', '١٧', '١٧٩٠٨٥٦٠٠٠', '-1', '9'.repeat(40)],
    ...['1700000000abc', '1790856000\n', '17908560001', '1790856000.1', '1790856000,1790856000'],
  ].map(
    (timestamp): HookRow => [
      'W19',
      `the timestamp ${JSON.stringify(timestamp)}`,
      401,
      'timestamp_malformed',
      { timestamp },
    ],
  ),
];

function aBodyOfKeys(count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1])));
}

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const withData = (data: Record<string, unknown>) => ({ payload: aHookPayload(data) });
const withEnvelope = (envelope: Record<string, unknown>) => ({ payload: aHookPayload({}, envelope) });
const aboutPerson = (people_id: unknown) => ({
  payload: aHookPayload({ session_id: undefined, people_id }, { event: 'people:profile:updated' }),
});
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
    { payload: aHookPayload({ session_id: undefined }, { event: 'people:profile:created' }) },
    { TRIGGER_EVENTS: 'people:*' },
  ],
  ...[undefined, null].map(
    (people_id): HookRow => [
      'W45',
      `a profile's event with the person ${show(people_id)}`,
      400,
      'people_id_missing',
      aboutPerson(people_id),
    ],
  ),
  ...[
    ['empty', ''],
    ['a number', 7],
    ['an object', {}],
    ['an e-mail address', 'ada@example.com'],
    ['that leaves its key', `${WEBSITE_ID}:..`],
    ['of another length', WEBSITE_ID.slice(1)],
  ].map(
    ([title, people_id]): HookRow => [
      'W45',
      `a profile's event with a person ${title}`,
      400,
      'people_id_invalid',
      aboutPerson(people_id),
    ],
  ),
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
      withEnvelope({ event: 'people:profile:created', data }),
      { TRIGGER_EVENTS: 'people:*' },
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

/**
 * One bad delivery and the one answer it must get. `row` is its number among the hooks; `code` is the error's or,
 * with status 200, why the event is ignored.
 */
type HookRow = readonly [
  row: string,
  title: string,
  status: number,
  code: string,
  request: HookRequest,
  environment?: Readonly<Record<string, string>>,
];
