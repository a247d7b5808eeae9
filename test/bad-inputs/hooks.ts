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

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 60);
}

/** The rows of one answer: what differs is the request, by its title. */
function rows(
  row: string,
  status: number,
  code: string,
  requests: Readonly<Record<string, HookRequest>>,
  environment?: HookRow[5],
): HookRow[] {
  return Object.entries(requests).map(([title, request]) =>
    environment ? [row, title, status, code, request, environment] : [row, title, status, code, request],
  );
}

/** The same for values that show themselves in the title. */
function rowsOf<Value>(
  row: string,
  [status, code]: readonly [number, string],
  values: readonly Value[],
  [title, toRequest]: readonly [title: string, toRequest: (value: Value) => HookRequest],
  environment?: HookRow[5],
): HookRow[] {
  return values.flatMap((value) =>
    rows(row, status, code, { [`${title} ${show(value)}`]: toRequest(value) }, environment),
  );
}

const keyed = (code: string, queries: Readonly<Record<string, string>>) =>
  Object.entries(queries).flatMap(([title, query]) =>
    rows('W21', 401, code, { [title]: { ...unsigned, query } }, WEBSITE_MODE),
  );

/** Deliveries that lack the credential which the endpoint's mode asks for. */
export const KEYED_HOOKS: readonly HookRow[] = [
  ...keyed('key_missing', {
    'no key': '',
    'an empty key': 'key=',
    'a key of another name': `secret=${key}`,
    'a key whose name is in capitals': `KEY=${key}`,
  }),
  ...keyed('key_mismatch', {
    'a wrong key': `key=${key}x`,
    'the beginning of the key': `key=${key.slice(0, -1)}`,
    'the key in capitals': `key=${key.toUpperCase()}`,
    'a key that is no percent-encoding': 'key=%ff%',
  }),
  ...keyed('key_ambiguous', {
    'the key twice': `key=${key}&key=${key}`,
    'the key and an empty one': `key=${key}&key=`,
  }),
  ...rows(
    'W21',
    401,
    'key_missing',
    { 'the key in the body': { ...unsigned, payload: aHookPayload({ key }, { key }) } },
    WEBSITE_MODE,
  ),
  ['W22', 'a signed plugin hook in website mode', 401, 'hook_mode_mismatch', {}, WEBSITE_MODE],
  ...rows('W22', 401, 'hook_mode_mismatch', {
    'a keyed website hook in plugin mode': { ...unsigned, query: `key=${key}` },
  }),
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

  ...rows('W3', 400, 'empty_body', {
    'no body': { body: '' },
    'no body, in base64': { body: '', isBase64: true },
  }),
  ...rows('W7', 413, 'body_too_large', {
    'a byte more than 256 KiB': { body: 'a'.repeat(256 * KIB + 1) },
    'a byte more, in base64': { body: Buffer.alloc(256 * KIB + 1) },
    '1 MiB and a byte': { body: 'a'.repeat(KIB * KIB + 1) },
    '256 KiB in characters, more in bytes': { body: 'é'.repeat(200 * KIB) },
  }),
  ...rows('W35', 413, 'body_too_large', {
    'a list of a million': { body: JSON.stringify(Array(1e6).fill(0)) },
    '100,000 keys': { body: JSON.stringify(aMapOf(100_000)) },
  }),
  ...['gzip', 'br', 'deflate', 'GZIP', 'gzip, gzip', 'identity, gzip'].map(
    (name): HookRow => ['W9', `the encoding ${name}`, 415, 'encoding_not_supported', encoded(name)],
  ),
  ...rows('W9', 415, 'encoding_not_supported', {
    'a compressed body in base64': { ...encoded('br'), body: Buffer.from([31, 139, 8, 0]) },
  }),
  ...['!!!', 'YQ', 'YQ==YQ==', 'YR==', ' YQ==', 'YQ==\n', '_-8='].flatMap((body) =>
    rows('W10', 400, 'invalid_base64', {
      [`base64 that is none: ${JSON.stringify(body)}`]: { body, isBase64: true },
    }),
  ),

  ['W11', 'no signature', 401, 'signature_missing', signed(undefined)],
  ['W12', 'an empty signature', 401, 'signature_missing', signed('')],
  ['W13', '63 digits of a signature', 401, 'signature_malformed', signed(validSignature.slice(1))],
  ['W13', '65 digits of a signature', 401, 'signature_malformed', signed(`${validSignature}a`)],
  ...[
    ...[`${validSignature}zz`, `${validSignature.slice(0, 62)}zz`, `sha256=${validSignature}`],
    ...[`${validSignature.slice(0, 32)} ${validSignature.slice(32)}`, ` ${validSignature.slice(1)}`],
    ...[`${validSignature}\n`, 'z'.repeat(64), '٣'.repeat(64)],
  ].flatMap((value) =>
    rows('W14', 401, 'signature_malformed', { [`the signature ${JSON.stringify(value)}`]: signed(value) }),
  ),
  ...rows('W15', 401, 'signature_ambiguous', {
    'two signatures': signed(`${validSignature},${validSignature}`),
    'two spellings of the signature header': { headers: { 'X-Crisp-Signature': validSignature } },
  }),
  ...rows('W16', 401, 'signature_mismatch', {
    'one byte of the body changed': {
      ...signed(validSignature),
      body: JSON.stringify(aHookPayload()).replace('parcel', 'Parcel'),
    },
    'the JSON written anew': { ...signed(validSignature), body: JSON.stringify(aHookPayload(), null, 1) },
    'the timestamp changed': { ...signed(validSignature), timestamp: String(HOOK_NOW_MS + 1) },
  }),
  ['W17', 'the secret of another environment', 401, 'signature_mismatch', { secret: 'whsec_of_development' }],

  ['W18', 'no timestamp', 401, 'timestamp_missing', { headers: { [TIMESTAMP]: undefined } }],
  ['W18', 'an empty timestamp', 401, 'timestamp_missing', { headers: { [TIMESTAMP]: '' } }],
  ...[
    ...['abc', 'NaN', 'Infinity', '1e10', '0x65', ' 17 ', '١٧', '١٧٩٠٨٥٦٠٠٠', '-1', '9'.repeat(40)],
    ...['1700000000abc', '1790856000\n', '17908560001', '1790856000.1', '1790856000,1790856000'],
  ].flatMap((timestamp) =>
    rows('W19', 401, 'timestamp_malformed', {
      [`the timestamp ${JSON.stringify(timestamp)}`]: { timestamp },
    }),
  ),
];

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const withData = (data: Record<string, unknown>) => ({ payload: aHookPayload(data) });
const withEnvelope = (envelope: Record<string, unknown>) => ({ payload: aHookPayload({}, envelope) });
const aboutPerson = (people_id: unknown) => ({
  payload: aHookPayload({ session_id: undefined, people_id }, { event: 'people:profile:updated' }),
});
const NO_DATA = [undefined, null, [], 'text', 1];
const OF_PEOPLE = { TRIGGER_EVENTS: 'people:*' };
const OF_OTHERS = { CRISP_WEBSITE_IDS: OTHER_WEBSITE_ID };

/** Deliveries with the right signature that cannot be processed, or that nobody wants. */
export const VERIFIED_HOOKS: readonly HookRow[] = [
  ['W20', 'a second too old', 401, 'timestamp_too_old', { timestamp: String(HOOK_NOW_MS - 86_401_000) }],
  ['W20', 'five minutes and a second ahead', 401, 'timestamp_in_future', aheadBy(301_000)],

  ...['null', '[]', '"x"', '1', 'true'].map(
    (body): HookRow => ['W4', `the body ${body}`, 400, 'payload_not_object', { body }],
  ),
  ...rows('W5', 400, 'invalid_json', {
    'JSON that breaks off': { body: '{"event":' },
    'JSON with a comma too many': { body: '{"event":"x",}' },
  }),
  ['W38', 'bytes that are not UTF-8', 400, 'invalid_utf8', { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
  ['W39', 'a byte order mark', 400, 'invalid_json', { body: `\ufeff${JSON.stringify(aHookPayload())}` }],
  ['W34', '10,000 levels', 400, 'too_deep', { body: deep(10_000) }],
  ['W34', '65 levels', 400, 'too_deep', { body: deep(65) }],
  ['W34', '64 levels, and no object', 400, 'payload_not_object', { body: deep(64) }],
  ['W35', '20,000 keys', 400, 'too_complex', { payload: { data: aMapOf(20_000) } }],
  ['W35', 'a list of 130,000', 400, 'too_complex', { body: JSON.stringify(Array(130_000).fill(0)) }],

  ...rowsOf(
    'W24',
    [400, 'event_missing'],
    [undefined, null, '', 7, { name: 'message:send' }],
    ['the event', (event) => withEnvelope({ event })],
  ),
  ['W24', 'an unknown event', 200, 'unsupported_event', withEnvelope({ event: 'conversation:created' })],
  ['W24', 'an event of 10 KB', 200, 'unsupported_event', withEnvelope({ event: 'e'.repeat(10_000) })],
  ['W24', 'an unwanted event', 200, 'untriggered_event', withEnvelope({ event: 'message:compose:send' })],
  ...rows(
    'W24',
    200,
    'no_session',
    {
      'an event of people without a session': {
        payload: aHookPayload({ session_id: undefined }, { event: 'people:profile:created' }),
      },
    },
    OF_PEOPLE,
  ),
  ...rowsOf(
    'W45',
    [400, 'people_id_missing'],
    [undefined, null],
    ["a profile's event with the person", aboutPerson],
  ),
  ...Object.entries({
    empty: '',
    'a number': 7,
    'an object': {},
    'an e-mail address': 'ada@example.com',
    'that leaves its key': `${WEBSITE_ID}:..`,
    'of another length': WEBSITE_ID.slice(1),
  }).flatMap(([title, people_id]) =>
    rows('W45', 400, 'people_id_invalid', {
      [`a profile's event with a person ${title}`]: aboutPerson(people_id),
    }),
  ),
  ...rowsOf('W25', [400, 'data_malformed'], NO_DATA, ['the data', (data) => withEnvelope({ data })]),

  ...rowsOf('W44', [200, 'untriggered_event'], NO_DATA, [
    'an unwanted event with the data',
    (data) => withEnvelope({ event: 'message:compose:send', data }),
  ]),
  ...rowsOf('W44', [200, 'unsupported_event'], NO_DATA, [
    'an unknown event with the data',
    (data) => withEnvelope({ event: 'status:new', data, website_id: 7 }),
  ]),
  ...rowsOf(
    'W44',
    [200, 'no_session'],
    NO_DATA,
    ['an event of people with the data', (data) => withEnvelope({ event: 'people:profile:created', data })],
    OF_PEOPLE,
  ),
  ...rowsOf(
    'W44',
    [200, 'unknown_website'],
    NO_DATA,
    ["another website's event with the data", (data) => withEnvelope({ data })],
    OF_OTHERS,
  ),
  ...rows(
    'W44',
    200,
    'unknown_website',
    { "another website's event with ids that are none": withData({ website_id: 7, session_id: '../x' }) },
    OF_OTHERS,
  ),

  ['W26', 'two websites', 400, 'website_mismatch', withData({ website_id: OTHER_WEBSITE_ID })],
  ...rows('W26', 400, 'website_mismatch', {
    'no website': { payload: aHookPayload({ website_id: undefined }, { website_id: undefined }) },
  }),
  ...rowsOf(
    'W26',
    [400, 'website_id_invalid'],
    [...HOSTILE_WEBSITE_IDS, ...HOSTILE_VALUES],
    ['the website', (website_id) => ({ payload: aHookPayload({ website_id }, { website_id }) })],
  ),
  ['W27', 'a website that is not listed', 200, 'unknown_website', {}, OF_OTHERS],

  ...rows('W28', 400, 'session_id_missing', {
    'no session in a message event': withData({ session_id: undefined }),
    'no session in a session event': {
      payload: aHookPayload({ session_id: null }, { event: 'session:removed' }),
    },
  }),
  ['W33', 'a session hidden in a prototype', 400, 'session_id_missing', { body: aHiddenSession() }],
  ...HOSTILE_SESSION_IDS.flatMap((id) => withHostileSession(rowOfSessionId(id), id)),
  ...HOSTILE_VALUES.flatMap((id) => withHostileSession('W32', id)),
];

function withHostileSession(row: string, session_id: unknown): HookRow[] {
  const title = `the session ${show(session_id)}`;
  return rows(row, 400, 'session_id_invalid', { [title]: withData({ session_id }) });
}

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
