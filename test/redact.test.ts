import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact, redactSecrets, toSecretPattern } from '../lib/redact.ts';

const SECRET = 'whsec_9f1c+7a/52e0b84d36';

// Configuration refuses white space in secrets, and nobody could enter a control character.
const aSecret = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 8, maxLength: 100 }),
    fc.string({ unit: 'binary', minLength: 8, maxLength: 40 }),
    fc.stringMatching(/^[0-9a-f]{64}$/),
    fc.uuid(),
  )
  .filter((text) => !/[\s\p{Cc}]/u.test(text));

const anEncoding = fc.constantFrom<((text: string) => string)[]>(
  (text) => text,
  (text) => encodeURIComponent(text.toWellFormed()),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text).toString('base64url'),
  (text) => Buffer.from(text).toString('hex'),
  (text) => Buffer.from(text).toString('hex').toUpperCase(),
  (text) => `Basic ${Buffer.from(`identifier:${text}`).toString('base64')}`,
  (text) => JSON.stringify({ text }),
);

describe('a secret does not survive', () => {
  test.each([
    ['as it is', SECRET],
    ['in another case', SECRET.toUpperCase()],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['percent-encoded in lower case', encodeURIComponent(SECRET).toLowerCase()],
    ['percent-encoded in part', SECRET.replace('+', '%2B')],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in base64 within a URL', encodeURIComponent(Buffer.from(`x:${SECRET}?`).toString('base64'))],
    ['in a Basic header', `Basic ${Buffer.from(`identifier:${SECRET}`).toString('base64')}`],
    ['in hex', Buffer.from(SECRET).toString('hex')],
    ['in hex in upper case', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ a: [{ b: SECRET }] }))],
    ['with escaped slashes', SECRET.replace('/', '\\/')],
    ['clipped', `${SECRET.slice(0, 15)}… (90 characters)`],
    ['at an end that was cut off', SECRET.slice(0, 8)],
    ['clipped in base64', `${Buffer.from(SECRET).toString('base64').slice(0, 12)}…`],
  ])('%s', (_, encoded) => {
    const shown = redact(`before ${encoded}`, patternsOf(SECRET));

    expect(shown).toMatch(/^before (Basic )?\W*\w*\W*\w*\W*\[\.\.\]/);
    for (const part of [SECRET, encoded]) expect(shown).not.toContain(part);
    expect(shown).not.toMatch(/whsec|9f1c|d2hz/i);
  });

  test('whatever it is, however it is encoded, and whatever stands around it', () => {
    fc.assert(
      fc.property(aSecret, anEncoding, fc.string(), fc.string(), (secret, encode, before, after) => {
        const text = `${before} ${encode(secret)} ${after}`;

        const shown = redact(text, patternsOf(secret));

        expect(shown.toLowerCase()).not.toContain(secret.toLowerCase());
        expect(shown).not.toContain(encode(secret));
      }),
      { numRuns: 500 },
    );
  });

  test('anywhere within data in base64', () => {
    fc.assert(
      fc.property(aSecret, fc.string(), fc.string(), (secret, before, after) => {
        const encoded = Buffer.from(before + secret + after).toString('base64');

        const shown = redact(`x ${encoded} y`, patternsOf(secret));

        expect(shown).toBe('x [..] y');
      }),
    );
  });

  test('at any depth of an object that was written as text', () => {
    fc.assert(
      fc.property(aSecret, fc.nat({ max: 20 }), (secret, depth) => {
        let value: unknown = secret;
        for (let level = 0; level < depth; level += 1) value = level % 2 ? { value } : [value];

        expect(redact(JSON.stringify(value), patternsOf(secret))).not.toContain(secret);
      }),
    );
  });

  test('that is put together by taking out another', () => {
    const text = `x abcd${SECRET}efgh y`;
    const patterns = patternsOf('abcd[..]efgh', SECRET);

    expect([redact(text, patterns), redactSecrets(text, patterns)]).toEqual(['x [..] y', 'x [..] y']);
  });

  test('one of several, and the longest that there can be', () => {
    const long = 'k'.repeat(4096);

    expect(redact(`a ${SECRET} b ${long} c`, patternsOf(SECRET, long))).toBe('a [..] b [..] c');
  });
});

describe('contact data does not survive', () => {
  test.each([
    ['ada@example.com wrote', '[..] wrote'],
    ['mailto:ada.b+c@mail.example.co.uk,', 'mailto:[..],'],
    ['ada%40example.com', '[..]'],
    ['müller@exämple.de', '[..]'],
    ['client 203.0.113.9, server', 'client [..], server'],
    ['[2001:db8::1]:443', '[[..]]:443'],
    ['2001:db8:0:0:0:0:0:1', '[..]'],
    ['::1', '[..]'],
    ['GET https://u:p@example.com/a/b?key=1&x#y HTTP', 'GET https://example.com/a/b?[..] HTTP'],
    ['https://u:p@v@localhost/a', 'https://localhost/a'],
    ['https://example.com/a#token', 'https://example.com/a#[..]'],
    ['"/webhook?key=abc&d=e" refused', '"/webhook?[..]" refused'],
  ])('%s', (text, shown) => {
    expect(redact(text)).toBe(shown);
  });
});

test.each([
  'at Object.run (file:///var/task/node_modules/@aws-sdk/client-sqs/dist-es/x.js:12:34)',
  'undici@8.12.4/lib/api.js:1:2',
  'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881 at 12:01:10, version 1790856000500',
  'why? because foo::bar said a = b',
  'https://example.com/a/b',
])('what names nobody stays as it is: %s', (text) => {
  expect(redact(text, patternsOf(SECRET))).toBe(text);
});

test('a word that is no secret is not torn apart, and a short text is none', () => {
  expect(toSecretPattern('secret')).toBeUndefined();
  expect(redact('whsec_9f is how the secrets begin', patternsOf(SECRET))).toContain('whsec_9f');
});

test('redacting twice changes nothing more, and nothing makes it throw', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('@', '.', ':', '::', '?', '=', '://', 'http', '%40', '[..]', '…', ' ', '"'),
    fc.ipV4(),
    fc.ipV6(),
    fc.emailAddress(),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    aSecret,
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

  fc.assert(
    fc.property(text, fc.array(aSecret, { maxLength: 3 }), (given, secrets) => {
      const once = redact(given, patternsOf(...secrets));

      expect(redact(once, patternsOf(...secrets))).toBe(once);
    }),
    { numRuns: 300 },
  );
});

test('a long text takes time in proportion, whatever it is made of', () => {
  const texts = ['a', 'a@', 'a.', '1.', 'a:', '?a=', '://', '/', 'whsec_9f'].map((piece) =>
    piece.repeat(5e4),
  );

  const startedMs = performance.now();
  for (const text of texts) redact(text, patternsOf(SECRET));

  expect(performance.now() - startedMs).toBeLessThan(5000);
});

function patternsOf(...secrets: string[]): RegExp[] {
  return secrets.flatMap((secret) => toSecretPattern(secret) ?? []);
}
