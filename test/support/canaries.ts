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
