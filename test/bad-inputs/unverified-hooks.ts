import { aHookPayload, aHookRequest, HOOK_NOW_MS } from '../support/hook-request.ts';
import type { HookRow } from './hook-row.ts';

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
