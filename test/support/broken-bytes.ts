import type { ScriptedAnswer } from './crisp.ts';

type Row = readonly [title: string, answer: ScriptedAnswer, reason: string];

const OK = 'HTTP/1.1 200 OK\r\n';
const EMPTY = '{"error":false,"data":{}}';

const rows = (reason: string, answers: Readonly<Record<string, ScriptedAnswer>>) =>
  Object.entries(answers).map(([title, answer]): Row => [title, answer, reason]);

/** These bytes and no others. */
const raw = (reason: string, texts: Readonly<Record<string, string | Uint8Array>>) =>
  Object.entries(texts).map(([title, text]): Row => [title, { raw: text }, reason]);

const ofLength25 = (head: string) => `${head}content-length: 25\r\n\r\n${EMPTY}`;

/** Answers that are broken below the level of Crisp's API, each in its own way, and the reason that each of them has. */
export const BROKEN_BYTES: readonly Row[] = [
  ...raw('bad_response:not_http', {
    'bare HTML': '<html><h1>Service Unavailable</h1></html>\r\n\r\n',
    'another protocol': '-ERR unknown command\r\n',
    'zero bytes': Buffer.alloc(64),
    'a TLS alert': Buffer.from([21, 3, 1, 0, 2, 2, 70]),
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a version that does not exist': `HTTP/3.7 200 OK\r\n\r\n${EMPTY}`,
    'status 099': ofLength25('HTTP/1.1 099 X\r\n'),
    'status 000': ofLength25('HTTP/1.1 000 X\r\n'),
    'status 1000': ofLength25('HTTP/1.1 1000 X\r\n'),
    'a control byte in a header': ofLength25(`${OK}x-a: a\u0001b\r\n`),
    'a space before a colon': `${OK}content-length : 25\r\n\r\n${EMPTY}`,
    'bare line feeds': `HTTP/1.1 200 OK\ncontent-length: 25\n\n${EMPTY}`,
    'a negative length': `${OK}content-length: -5\r\n\r\n${EMPTY}`,
    'two lengths': `${OK}content-length: 25\r\ncontent-length: 26\r\n\r\n${EMPTY}`,
    'a length and chunks': `${OK}content-length: 25\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    'a length beyond all numbers': `${OK}content-length: ${'9'.repeat(26)}\r\n\r\n${EMPTY}`,
    'a bad first chunk': `${OK}transfer-encoding: chunked\r\n\r\nzz\r\n${EMPTY}\r\n0\r\n\r\n`,
    'a bad last chunk': `${OK}transfer-encoding: chunked\r\n\r\n19\r\n${EMPTY}\r\nzz\r\n\r\n`,
  }),
  ...raw('crisp_unavailable', { 'status 999': ofLength25('HTTP/1.1 999 X\r\n') }),
  ...raw('crisp_unreachable', {
    '101 Switching Protocols': 'HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    '100 Continue that nobody asked for': 'HTTP/1.1 100 Continue\r\n\r\n',
    'a head that breaks off': `${OK}content-le`,
  }),
  ...raw('bad_response:truncated', {
    'an encoding of the transfer that nobody knows': `${OK}transfer-encoding: banana\r\n\r\n{`,
    'a body that breaks off': `${OK}content-length: 999\r\n\r\n${EMPTY}`,
  }),
  ...raw('bad_response:headers_overflow', {
    'a flood of headers': `${OK}${'x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(5000)}\r\n`,
  }),
  ...raw('bad_encoding', {
    'gzip that is none': ofLength25(`${OK}content-encoding: gzip\r\n`),
    'an encoding that nobody asked for': ofLength25(`${OK}content-encoding: br\r\n`),
  }),
  ...raw('bad_response:not_json', {
    'bytes that are no text': Buffer.from(`${OK}content-length: 4\r\n\r\n\xff\xfe\0\xc8`, 'latin1'),
  }),
  ...rows('crisp_unreachable', {
    'nothing, and the connection ends': { fault: 'close' },
    'a reset before the headers': { fault: 'reset' },
    'a reset within the body': { fault: 'reset-in-body' },
  }),
];
