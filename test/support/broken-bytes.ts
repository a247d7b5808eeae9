import type { ScriptedAnswer } from './crisp.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const EMPTY = '{"error":false,"data":{}}';

/** Answers that are broken below the level of Crisp's API, each in its own way, and the reason that each of them has. */
export const BROKEN_BYTES: readonly (readonly [title: string, answer: ScriptedAnswer, reason: string])[] = [
  ['bare HTML', { raw: '<html><h1>Service Unavailable</h1></html>\r\n\r\n' }, 'bad_response:not_http'],
  ['another protocol', { raw: '-ERR unknown command\r\n' }, 'bad_response:not_http'],
  ['zero bytes', { raw: Buffer.alloc(64) }, 'bad_response:not_http'],
  ['a TLS alert', { raw: Buffer.from([21, 3, 1, 0, 2, 2, 70]) }, 'bad_response:not_http'],
  ['HTTP/2', { raw: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' }, 'bad_response:not_http'],
  ['a version that does not exist', { raw: `HTTP/3.7 200 OK\r\n\r\n${EMPTY}` }, 'bad_response:not_http'],
  ['status 099', { raw: `HTTP/1.1 099 X\r\ncontent-length: 25\r\n\r\n${EMPTY}` }, 'bad_response:not_http'],
  ['status 000', { raw: `HTTP/1.1 000 X\r\ncontent-length: 25\r\n\r\n${EMPTY}` }, 'bad_response:not_http'],
  ['status 1000', { raw: `HTTP/1.1 1000 X\r\ncontent-length: 25\r\n\r\n${EMPTY}` }, 'bad_response:not_http'],
  ['status 999', { raw: `HTTP/1.1 999 X\r\ncontent-length: 25\r\n\r\n${EMPTY}` }, 'crisp_unavailable'],
  [
    '101 Switching Protocols',
    { raw: 'HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n' },
    'crisp_unreachable',
  ],
  ['100 Continue that nobody asked for', { raw: 'HTTP/1.1 100 Continue\r\n\r\n' }, 'crisp_unreachable'],
  [
    'a control byte in a header',
    { raw: `${OK}x-a: a\u0001b\r\ncontent-length: 25\r\n\r\n${EMPTY}` },
    'bad_response:not_http',
  ],
  ['a space before a colon', { raw: `${OK}content-length : 25\r\n\r\n${EMPTY}` }, 'bad_response:not_http'],
  ['bare line feeds', { raw: `HTTP/1.1 200 OK\ncontent-length: 25\n\n${EMPTY}` }, 'bad_response:not_http'],
  ['a negative length', { raw: `${OK}content-length: -5\r\n\r\n${EMPTY}` }, 'bad_response:not_http'],
  [
    'two lengths',
    { raw: `${OK}content-length: 25\r\ncontent-length: 26\r\n\r\n${EMPTY}` },
    'bad_response:not_http',
  ],
  [
    'a length and chunks',
    { raw: `${OK}content-length: 25\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n` },
    'bad_response:not_http',
  ],
  [
    'a length beyond all numbers',
    { raw: `${OK}content-length: ${'9'.repeat(26)}\r\n\r\n${EMPTY}` },
    'bad_response:not_http',
  ],
  [
    'a bad first chunk',
    { raw: `${OK}transfer-encoding: chunked\r\n\r\nzz\r\n${EMPTY}\r\n0\r\n\r\n` },
    'bad_response:not_http',
  ],
  [
    'a bad last chunk',
    { raw: `${OK}transfer-encoding: chunked\r\n\r\n19\r\n${EMPTY}\r\nzz\r\n\r\n` },
    'bad_response:not_http',
  ],
  [
    'an encoding of the transfer that nobody knows',
    { raw: `${OK}transfer-encoding: banana\r\n\r\n{` },
    'bad_response:truncated',
  ],
  ['a head that breaks off', { raw: `${OK}content-le` }, 'crisp_unreachable'],
  ['a body that breaks off', { raw: `${OK}content-length: 999\r\n\r\n${EMPTY}` }, 'bad_response:truncated'],
  [
    'a flood of headers',
    { raw: `${OK}${'x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(5000)}\r\n` },
    'bad_response:headers_overflow',
  ],
  [
    'gzip that is none',
    { raw: `${OK}content-encoding: gzip\r\ncontent-length: 25\r\n\r\n${EMPTY}` },
    'bad_encoding',
  ],
  [
    'an encoding that nobody asked for',
    { raw: `${OK}content-encoding: br\r\ncontent-length: 25\r\n\r\n${EMPTY}` },
    'bad_encoding',
  ],
  [
    'bytes that are no text',
    { raw: Buffer.concat([Buffer.from(`${OK}content-length: 4\r\n\r\n`), Buffer.from([255, 254, 0, 200])]) },
    'bad_response:not_json',
  ],
  ['nothing, and the connection ends', { fault: 'close' }, 'crisp_unreachable'],
  ['a reset before the headers', { fault: 'reset' }, 'crisp_unreachable'],
  ['a reset within the body', { fault: 'reset-in-body' }, 'crisp_unreachable'],
];
