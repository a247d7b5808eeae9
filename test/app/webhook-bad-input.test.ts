import { expect, test } from 'vitest';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import {
  aHookPayload,
  aHookRequest,
  HOOK_NOW_MS,
  HOOK_SECRET,
  type HookRequest,
} from '../support/hook-request.ts';
import { createWebhookUnderTest } from '../support/webhook-under-test.ts';

type Row = readonly [title: string, status: number, code: string, request: HookRequest];

const SIGNATURE = 'x-crisp-signature';
const TIMESTAMP = 'x-crisp-request-timestamp';
const validSignature = String(aHookRequest().headers[SIGNATURE]);
const KIB = 1024;

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const withSession = (session_id: unknown) => ({ payload: aHookPayload({ session_id }) });

const refusedBeforeVerification: Row[] = [
  ...['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'].map(
    (method): Row => [`the method ${method}`, 405, 'method_not_allowed', { method }],
  ),
  ...['/', '', '/hook', '//webhook', '/webhook/', '/webhook/../webhook', '/WEBHOOK'].map(
    (path): Row => [`the path "${path}"`, 404, 'not_found', { path }],
  ),
  ['no body', 400, 'empty_body', { body: '' }],
  ['no body, in base64', 400, 'empty_body', { body: '', isBase64: true }],
  ['a byte more than 256 KiB', 413, 'body_too_large', { body: 'a'.repeat(256 * KIB + 1) }],
  ['a byte more than 256 KiB, in base64', 413, 'body_too_large', { body: Buffer.alloc(256 * KIB + 1) }],
  ['1 MiB and a byte', 413, 'body_too_large', { body: 'a'.repeat(KIB * KIB + 1) }],
  ['256 KiB in characters, more in bytes', 413, 'body_too_large', { body: 'é'.repeat(200 * KIB) }],
  ['a compressed body', 415, 'encoding_not_supported', { headers: { 'content-encoding': 'gzip' } }],
  [
    'a compressed body in base64',
    415,
    'encoding_not_supported',
    { headers: { 'content-encoding': 'br' }, body: Buffer.from([31, 139, 8, 0]) },
  ],
  ...['!!!', 'YQ', 'YQ==YQ==', 'YR==', ' YQ==', 'YQ==\n', '_-8='].map(
    (body): Row => [
      `base64 that is none: ${JSON.stringify(body)}`,
      400,
      'invalid_base64',
      { body, isBase64: true },
    ],
  ),
  ['no signature', 401, 'signature_missing', { headers: { [SIGNATURE]: undefined } }],
  ['an empty signature', 401, 'signature_missing', { headers: { [SIGNATURE]: '' } }],
  ...[
    validSignature.slice(1),
    `${validSignature}a`,
    `${validSignature}zz`,
    `sha256=${validSignature}`,
    `${validSignature.slice(0, 32)} ${validSignature.slice(32)}`,
    `${validSignature}\n`,
    'z'.repeat(64),
    '٣'.repeat(64),
  ].map(
    (value): Row => [
      `the signature ${JSON.stringify(value)}`,
      401,
      'signature_malformed',
      { headers: { [SIGNATURE]: value } },
    ],
  ),
  [
    'two signatures',
    401,
    'signature_ambiguous',
    { headers: { [SIGNATURE]: `${validSignature},${validSignature}` } },
  ],
  [
    'two spellings of the signature header',
    401,
    'signature_ambiguous',
    { headers: { 'X-Crisp-Signature': validSignature } },
  ],
  ['no timestamp', 401, 'timestamp_missing', { headers: { [TIMESTAMP]: undefined } }],
  ['an empty timestamp', 401, 'timestamp_missing', { headers: { [TIMESTAMP]: '' } }],
  ...[
    'abc',
    'NaN',
    'Infinity',
    '1e10',
    '0x65',
    ' 17 ',
    '١٧',
    '١٧٩٠٨٥٦٠٠٠',
    '-1',
    '9'.repeat(40),
    '1700000000abc',
    '1790856000\n',
    '17908560001',
    '1790856000.1',
    '1790856000,1790856000',
  ].map(
    (timestamp): Row => [
      `the timestamp ${JSON.stringify(timestamp)}`,
      401,
      'timestamp_malformed',
      { timestamp },
    ],
  ),
  [
    'one byte of the body changed',
    401,
    'signature_mismatch',
    {
      body: JSON.stringify(aHookPayload()).replace('parcel', 'Parcel'),
      headers: { [SIGNATURE]: validSignature },
    },
  ],
  [
    'the JSON written anew',
    401,
    'signature_mismatch',
    { body: JSON.stringify(aHookPayload(), null, 1), headers: { [SIGNATURE]: validSignature } },
  ],
  [
    'the timestamp changed',
    401,
    'signature_mismatch',
    { timestamp: String(HOOK_NOW_MS + 1), headers: { [SIGNATURE]: validSignature } },
  ],
  ['the secret of another environment', 401, 'signature_mismatch', { secret: 'whsec_of_development' }],
  [
    'a website hook at the endpoint of a plugin',
    401,
    'hook_mode_mismatch',
    { query: `key=${HOOK_SECRET}`, headers: { [SIGNATURE]: undefined } },
  ],
];

const refusedAfterVerification: Row[] = [
  [
    'a timestamp that is a second too old',
    401,
    'timestamp_too_old',
    { timestamp: String(HOOK_NOW_MS - 86_401_000) },
  ],
  [
    'a timestamp five minutes and a second ahead',
    401,
    'timestamp_in_future',
    { timestamp: String(HOOK_NOW_MS + 301_000) },
  ],
  ...['null', '[]', '"x"', '1', 'true'].map(
    (body): Row => [`the body ${body}`, 400, 'payload_not_object', { body }],
  ),
  ['JSON that breaks off', 400, 'invalid_json', { body: '{"event":' }],
  ['a byte order mark', 400, 'invalid_json', { body: `\ufeff${JSON.stringify(aHookPayload())}` }],
  ['bytes that are not UTF-8', 400, 'invalid_utf8', { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
  ['10,000 levels', 400, 'too_deep', { body: deep(10_000) }],
  ['65 levels', 400, 'too_deep', { body: deep(65) }],
  ['64 levels', 400, 'payload_not_object', { body: deep(64) }],
  [
    '20,000 keys',
    400,
    'too_complex',
    { body: JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1]))) },
  ],
  ['an array of 130,000', 400, 'too_complex', { body: JSON.stringify(Array(130_000).fill(0)) }],
  ['no event', 400, 'event_missing', { payload: aHookPayload({}, { event: undefined }) }],
  [
    'an event that is no text',
    400,
    'event_missing',
    { payload: aHookPayload({}, { event: { name: 'message:send' } }) },
  ],
  ...[undefined, null, [], 'text', 1].map(
    (data): Row => [
      `the data ${JSON.stringify(data)}`,
      400,
      'data_malformed',
      { payload: { event: 'message:send', data } },
    ],
  ),
  ['two websites', 400, 'website_mismatch', { payload: aHookPayload({ website_id: OTHER_WEBSITE_ID }) }],
  [
    'no website',
    400,
    'website_mismatch',
    { payload: aHookPayload({ website_id: undefined }, { website_id: undefined }) },
  ],
  [
    'a website that is no UUID',
    400,
    'website_id_invalid',
    { payload: aHookPayload({ website_id: '../..' }, { website_id: '../..' }) },
  ],
  ['no session in a message event', 400, 'session_id_missing', withSession(undefined)],
  [
    'no session in a session event',
    400,
    'session_id_missing',
    { payload: { ...aHookPayload({ session_id: null }), event: 'session:removed' } },
  ],
  [
    'a session hidden in a prototype',
    400,
    'session_id_missing',
    {
      body: `{"event":"message:send","website_id":"${WEBSITE_ID}","data":{"__proto__":{"session_id":"session_abc"}}}`,
    },
  ],
  ...[
    '../../../plugin/connect/account',
    '..',
    '.',
    '%2e%2e',
    '%2e%2e%2f',
    '..\\..',
    'a/b',
    'a?x=1',
    'a#f',
    '@evil.example',
    '//evil.example',
    'session_a/..',
    'session_a\r\nx: y',
    'session_a\t',
    'session_a\0',
    'session_\u202ea',
    `session_${'a'.repeat(10_000)}`,
    'session_😀',
    'session_a\n',
    '\nsession_a',
    'session_',
    '',
    42,
    {},
    [],
    ['session_a'],
    true,
    { toString: 'session_a' },
  ].map(
    (session): Row => [
      `the session ${JSON.stringify(session).slice(0, 60)}`,
      400,
      'session_id_invalid',
      withSession(session),
    ],
  ),
];

for (const [title, status, code, request] of [...refusedBeforeVerification, ...refusedAfterVerification]) {
  test(`${title} is refused with ${status} ${code}, and SQS is not called`, async () => {
    const webhook = createWebhookUnderTest();

    const answer = await webhook.deliver(request);

    expect(answer).toMatchObject({ status, reply: { error: code, request_id: 'request-1' } });
    expect(Object.keys(answer.reply)).toEqual(['error', 'request_id']);
    expect(webhook.sqsCalls()).toBe(0);
    expect(webhook.telemetry.named('hook-refused')).toMatchObject([{ code, status }]);
  });
}
