import { WEBSITE_ID } from './builders.ts';

/** What somebody might throw, each with the given text wherever it can hold one. */
export function hostileErrors(text: string): Readonly<Record<string, () => unknown>> {
  return {
    'an error': () => new Error(text),
    'an error of an error of an error': () => {
      const innermost = new TypeError(text, { cause: { text, headers: { authorization: text } } });
      return new Error(text, { cause: new RangeError(text, { cause: innermost }) });
    },
    'its own cause': () => withItself(new Error(text)),
    'several errors in one': () => new AggregateError([new Error(text), text], text),
    'an error of the AWS SDK': () =>
      Object.assign(new Error(`${text} is not authorized`), {
        name: 'AccessDeniedException',
        $fault: 'client',
        $metadata: { httpStatusCode: 400, requestId: text, extendedRequestId: text },
        $response: { statusCode: 400, headers: { authorization: text }, body: text },
        config: { url: `https://example.com/?key=${text}`, headers: { authorization: text } },
      }),
    'an error of an HTTP client': () =>
      Object.assign(new Error(text), { code: 'ECONNRESET', request: { path: text }, body: text }),
    'an error whose code and name are sentences': () =>
      Object.assign(new Error(text), { code: `the code ${text}`, name: `the name ${text}` }),
    'an error whose message looks like a stack': () =>
      new Error(
        `${text}\n    at ${wordOf(text)} (file:///${wordOf(text)}.ts:1:1)\n    at ${wordOf(text)}:2:2`,
      ),
    'an error whose stack is a sentence': () =>
      Object.assign(new Error(), { stack: `${text}\n  at ${text}` }),
    'an error with a property that is shown': () =>
      Object.assign(new Error(text), { toJSON: () => text, toString: () => text, inspect: () => text }),
    'an error with getters that throw': () => withThrowingGetters(text),
    'an object with getters that throw': () =>
      Object.defineProperty({}, 'name', { enumerable: true, get: () => raise(text) }),
    'a frozen error': () => Object.freeze(new Error(text)),
    'a frozen object': () => Object.freeze({ message: text, code: text, name: text }),
    'a text': () => text,
    'a symbol': () => Symbol(text),
    'a function': () => Object.assign(() => text, { code: text }),
    'a number': () => 42,
    null: () => null,
    undefined: () => undefined,
  };
}

/** What a frame of a stack could be called. */
function wordOf(text: string): string {
  return /\w+/.exec(text)?.[0] ?? 'word';
}

function withItself(error: Error): Error {
  error.cause = error;
  return error;
}

function withThrowingGetters(text: string): Error {
  const error = new Error(text);
  for (const property of ['message', 'stack', 'code', 'name', 'cause', '$metadata', 'constructor']) {
    Object.defineProperty(error, property, { enumerable: true, get: () => raise(text) });
  }
  return error;
}

function raise(text: string): never {
  throw new Error(`${text} in a getter`);
}

/** Texts that would leave their place in a path, a header or a line, were they put there as they are. */
export const HOSTILE_SEGMENTS: readonly string[] = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2e%2e%2f',
  '..\\..',
  '../../../plugin/connect/account',
  'a/b',
  'a?x=1',
  'a#f',
  '@evil.example',
  '//evil.example',
  'a\n',
  '\na',
  'a\r\nx: y',
  'a\t',
  'a\0',
  '\u202ea',
  'a\u2028',
  '😀',
  'é',
  'a'.repeat(10_000),
];

/** Texts that are no session ids: hostile ones, bare and behind the prefix that every session id has. */
export const HOSTILE_SESSION_IDS: readonly string[] = [
  ...HOSTILE_SEGMENTS,
  ...HOSTILE_SEGMENTS.map((segment) => `session_${segment}`),
  '\nsession_a',
  'Session_a',
  `session_${'a'.repeat(65)}`,
];

/** Texts that are no website ids. */
export const HOSTILE_WEBSITE_IDS: readonly string[] = [
  ...HOSTILE_SEGMENTS,
  `${WEBSITE_ID}/..`,
  `${WEBSITE_ID}\n`,
  `{${WEBSITE_ID}}`,
  WEBSITE_ID.replaceAll('-', ''),
];

/** What JSON can hold in the place of an id's text; null is left out, it stands for no id at all. */
export const HOSTILE_VALUES: readonly unknown[] = [
  42,
  true,
  {},
  [],
  ['session_a'],
  { toString: 'session_a' },
  { toString: 1, valueOf: 1 },
];

/** Private things, each recognisable wherever it comes out, and like nothing else in a log: no file is called so. */
export const CANARY = {
  content: 'c4n4ry-content: is my parcel lost?',
  email: 'c4n4ry.person@example.com',
  phone: '+1 202 555 0143',
  ip: '203.0.113.77',
  tokenIdentifier: 'c4n4ry-identifier-1f0f5f0e',
  tokenKey: 'c4n4ry-key-0123456789abcdef',
  hookSecret: 'whsec-c4n4ry-9f1c7a52e0b84d36-and-long-enough-for-urls',
  query: 'key=c4n4ry-query&email=c4n4ry%40example.com',
} as const;

export const BASIC_HEADER = `Basic ${toBase64(`${CANARY.tokenIdentifier}:${CANARY.tokenKey}`)}`;

/** What names or authenticates somebody, in the forms in which a proxy might repeat it. */
export const EVERY_IDENTITY = [
  CANARY.tokenIdentifier,
  CANARY.tokenKey,
  BASIC_HEADER,
  CANARY.email,
  CANARY.phone,
  CANARY.ip,
  `https://example.com/v1?${CANARY.query}`,
  encodeURIComponent(CANARY.tokenKey),
  Buffer.from(CANARY.tokenKey).toString('hex'),
].join(' ');

/** All of them in one line, as a library that tells too much would write it. */
export const EVERY_CANARY = `${CANARY.content} ${CANARY.hookSecret} ${CANARY.query} ${EVERY_IDENTITY}`;

const PLAIN = /.{0,30}(?:c4n4ry|203\.0\.113\.77|202\W{0,2}555\W{0,2}0143).{0,10}/gi;

/** What of them is in a text, and where: as it is, in base64, or in hex. */
export function findCanaries(text: string): string[] {
  const decoded = [
    ...[...text.matchAll(/[\w+/-]{12,}/g)].flatMap(([run]) =>
      [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), 'base64').toString('latin1')),
    ),
    ...[...text.matchAll(/[0-9a-f]{12,}/gi)].map(([run]) => Buffer.from(run, 'hex').toString('latin1')),
  ];
  return [text, ...decoded].flatMap((form) => form.match(PLAIN) ?? []);
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}
