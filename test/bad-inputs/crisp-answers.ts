import { gzipSync } from 'node:zlib';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { MAX_RESPONSE_BYTES, type ScriptedAnswer } from '../support/crisp.ts';

/**
 * What becomes of the message while Crisp answers so for its session, and well for all others. `retried`: it spends an
 * attempt. `waits`: it spends none. `dead`: no further call. `looks-again`: absent, to be confirmed.
 */
export type Fate = 'retried' | 'waits' | 'dead' | 'looks-again';

/** An answer of Crisp, and the failure that it must be. `row` is its number among Crisp's answers. */
export interface AnswerRow {
  readonly row: string;
  readonly title: string;
  readonly answer: ScriptedAnswer;
  readonly reason: string;
  readonly fate: Fate;
  /** Which read it answers. */
  readonly route: 'conversation' | 'messages';
}

const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };
const envelope = (content: object): ScriptedAnswer => ({ body: JSON.stringify(content) });
const failure = (reason: string) => envelope({ error: true, reason });
const TOO_LONG = ' '.repeat(MAX_RESPONSE_BYTES + 1);
const CHUNKED = { 'transfer-encoding': 'chunked' };
const OVERFLOW = 'bad_response:headers_overflow';
const OTHER = { session_id: 'session_b' };
const FOREIGN = 'crisp_unavailable:foreign_answer';
const html = (status: number): ScriptedAnswer => ({
  status,
  body: '<html>',
  headers: { 'content-type': 'text/html' },
});
const inflatable = (encoding: string, body: string | Uint8Array = '{}'): ScriptedAnswer => ({
  body,
  headers: { 'content-encoding': encoding },
});

/** An error as Crisp words it. */
export function refusal(status: number, reason: string, message?: string): ScriptedAnswer {
  const data = message === undefined ? {} : { message };
  return { status, body: JSON.stringify({ error: true, reason, data }) };
}

const retried = rows('retried', 'conversation', [
  ['R1', 'an empty object', envelope({}), 'bad_response:missing_data'],
  ['R1', 'no data', envelope({ error: false, reason: 'resolved' }), 'bad_response:missing_data'],
  ['R2', 'an error on 200', failure('not_now'), 'crisp_error:not_now'],
  ['R2', 'an error without a reason', envelope({ error: true }), 'crisp_error:unknown'],
  ['R2', 'an error in another word', envelope({ error: 'yes', data: {} }), 'crisp_error:unknown'],
  ['R2', 'a reason that is a sentence', failure('ask ada@example.com'), 'crisp_error:unreadable'],
  ['R3', 'HTML', html(200), 'bad_response:not_json'],
  ['R3', 'text', { body: 'OK', headers: { 'content-type': 'text/plain' } }, 'bad_response:not_json'],
  ['R4', 'JSON that breaks off', { body: '{"error":false,"data":{"topic":"A par' }, 'bad_response:truncated'],
  ['R4', 'a list that breaks off', { body: '[{"topic":' }, 'bad_response:truncated'],
  ['R6', 'null for an object', envelope({ error: false, data: null }), 'bad_response:shape'],
  ['R6', 'a list for an object', { data: [] }, 'bad_response:shape'],
  ['R6', 'a text for an object', { data: 'resolved' }, 'bad_response:shape'],
  ['R6', 'a conversation without its id', { data: {} }, 'bad_response:shape'],
  ['R6', 'an envelope that is a list', { body: '[]' }, 'bad_response:shape'],
  ['R10', '204', { status: 204 }, 'bad_response:empty'],
  ['R10', '200 without a body', { body: '' }, 'bad_response:empty'],
  ['R10', '200 with blanks alone', { body: ' \n' }, 'bad_response:empty'],
  ['R10', '202', { status: 202 }, 'bad_response:status_202'],
  ...[
    ...['https://example.com/', 'http://example.com/', 'http://169.254.169.254/latest/meta-data'],
    ...['/elsewhere', '//example.com/v1', ''],
  ].map((location): Short => {
    const answer = { status: 302, headers: { location } };
    return ['R11', `302 to "${location}"`, answer, 'unexpected_redirect'];
  }),
  ...[301, 303, 307, 308].map((status): Short => ['R11', `${status}`, { status }, 'unexpected_redirect']),
  ...[400, 405, 418, 451].map((status): Short => ['R12', `${status} of a proxy`, html(status), FOREIGN]),
  ...[402, 403].map((status): Short => ['R14', `${status} of a proxy`, html(status), FOREIGN]),
  ...[404, 410].map((status): Short => ['R15', `${status} of a proxy`, html(status), FOREIGN]),
  ['R15', '404 without a body', { status: 404, body: '' }, FOREIGN],
  ...[408, 425, 500, 502, 503, 504, 520, 524, 529].map(
    (status): Short => ['R16', `${status}`, html(status), 'crisp_unavailable'],
  ),
  [
    'R16',
    'a 503 whose body cannot be read',
    { status: 503, ...inflatable('gzip', 'no') },
    'crisp_unavailable',
  ],
  ['R16', 'a 502 with a body over the cap', { status: 502, body: TOO_LONG }, 'crisp_unavailable'],
  ['R20', 'an encoding that was not asked for', inflatable('br'), 'bad_encoding'],
  ['R20', 'six encodings', inflatable(Array(6).fill('gzip').join(', ')), 'bad_encoding'],
  ['R20', 'corrupt gzip', inflatable('gzip', 'no gzip'), 'bad_encoding'],
  ['R20', 'gzip that breaks off', inflatable('gzip', gzipSync('{}').subarray(0, 15)), 'bad_encoding'],
  ['R22', 'one endless header', { headers: { 'x-flood': 'x'.repeat(20_000) } }, OVERFLOW],
  ['R22', 'a flood of headers', { headers: aFloodOfHeaders() }, OVERFLOW],
  // Under one session's path, while others are served, it says nothing about token or address.
  ['R13', '401', refusal(401, 'invalid_session'), 'crisp_auth_failed'],
  ['R13', '401 without a body', { status: 401, body: '' }, 'crisp_auth_failed'],
  ['R13', 'the reason of a 401 with another status', refusal(403, 'invalid_session'), 'crisp_auth_failed'],
  ['R15', '404 unknown route', refusal(404, 'not_found', 'the route does not exist'), 'crisp_route_unknown'],
]);

const waits = rows('waits', 'conversation', [
  ['R12', '422', refusal(422, 'invalid_data'), 'crisp_rate_limited'],
  ['R17', '420', refusal(420, 'slow_down'), 'crisp_rate_limited'],
  ['R18', '429', refusal(429, 'rate_limited'), 'crisp_rate_limited'],
  ['R18', '429 of a proxy', html(429), 'crisp_rate_limited'],
  ['R19', '423', refusal(423, 'quota_limit_exceeded'), 'crisp_quota_exceeded'],
  ['R19', '429 for the quota', refusal(429, 'quota_limit_exceeded'), 'crisp_quota_exceeded'],
]);

const dead = rows('dead', 'conversation', [
  ['R5', 'another session', { data: { ...conversation, ...OTHER } }, 'session_mismatch'],
  ['R5', 'another website', { data: { ...conversation, website_id: OTHER_WEBSITE_ID } }, 'session_mismatch'],
  ['R5', 'an id that is no text', { data: { ...conversation, session_id: 7 } }, 'session_mismatch'],
  ...[400, 405, 406, 409, 418, 451].map(
    (status): Short => ['R12', `${status}`, refusal(status, 'invalid_data'), `crisp_rejected:${status}`],
  ),
  ['R14', '402', refusal(402, 'subscription_upgrade_required'), 'crisp_forbidden'],
  ['R14', '403', refusal(403, 'not_allowed'), 'crisp_forbidden'],
  ['R15', '404 not subscribed', refusal(404, 'not_subscribed'), 'crisp_not_subscribed'],
  ['R20', 'a gzip bomb', inflatable('gzip', gzipSync(Buffer.alloc(4_000_000))), 'response_too_large'],
  ['R21', 'a length over the cap', { body: TOO_LONG }, 'response_too_large'],
  ['R21', 'a stream over the cap', { body: TOO_LONG, headers: CHUNKED }, 'response_too_large'],
]);

const looksAgain = rows('looks-again', 'conversation', [
  ['R15', '404', refusal(404, 'not_found'), 'conversation_missing'],
  ['R15', '410', refusal(410, 'gone'), 'conversation_missing'],
]);

const ofMessages = [
  ...rows('dead', 'messages', [
    ['R5', 'a message of another session', { data: [conversation, OTHER] }, 'session_mismatch'],
  ]),
  ...rows('retried', 'messages', [
    ['R7', 'an object for messages', { data: {} }, 'bad_response:shape'],
    ['R7', 'null for messages', envelope({ error: false, data: null }), 'bad_response:shape'],
  ]),
];

export const BAD_ANSWERS: readonly AnswerRow[] = [
  ...retried,
  ...waits,
  ...dead,
  ...looksAgain,
  ...ofMessages,
];

type Short = readonly [row: string, title: string, answer: ScriptedAnswer, reason: string];

function rows(fate: Fate, route: AnswerRow['route'], short: readonly Short[]): AnswerRow[] {
  return short.map(([row, title, answer, reason]) => ({ row, title, answer, reason, fate, route }));
}

function aFloodOfHeaders(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x-flood-${index}`, 'x'.repeat(40)]));
}
