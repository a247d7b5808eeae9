import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildCrispUrl, type CrispSegment } from '../../lib/crisp/url.ts';
import { JobError } from '../../lib/errors.ts';
import { WEBSITE_ID } from '../support/builders.ts';
import { HOSTILE_SEGMENTS, HOSTILE_SESSION_IDS, HOSTILE_WEBSITE_IDS } from '../support/hostile.ts';

const BASE = new URL('https://api.example.com/v1');
const PEOPLE_ID = 'C5A2F70C-f605-4648-b47f-8c39d4b03a50';

const sessionPath = (sessionId: string): CrispSegment[] => [
  'website',
  { websiteId: WEBSITE_ID },
  'conversation',
  { sessionId },
];

function tryBuild(segments: readonly CrispSegment[]): URL | JobError {
  try {
    return buildCrispUrl(BASE, segments);
  } catch (error) {
    if (error instanceof JobError) return error;
    throw error;
  }
}

describe('a URL is built', () => {
  test.each(['https://api.example.com/v1', 'https://api.example.com/v1/'])('below the base %s', (base) => {
    const url = buildCrispUrl(new URL(base), [...sessionPath('session_a'), 'messages'], {
      timestamp_before: 7,
    });

    expect(url.href).toBe(
      `https://api.example.com/v1/website/${WEBSITE_ID}/conversation/session_a/messages?timestamp_before=7`,
    );
  });

  test('without what the base has beside origin and path', () => {
    const url = buildCrispUrl(new URL('https://user:pass@api.example.com/v1?a=b#c'), ['website']);
    expect(url.href).toBe('https://api.example.com/v1/website');
  });

  test('for a profile by its UUID, in whatever case', () => {
    const url = buildCrispUrl(BASE, ['people', 'profile', { peopleId: PEOPLE_ID }]);
    expect(url.pathname).toBe(`/v1/people/profile/${PEOPLE_ID}`);
  });

  test('with a query that is encoded', () => {
    const url = buildCrispUrl(BASE, ['conversations', { page: 2 }], {
      filter_date_start: '2026-11-01T00:00:00+01:00&x=1',
    });

    expect(url.pathname).toBe('/v1/conversations/2');
    expect([...url.searchParams]).toEqual([['filter_date_start', '2026-11-01T00:00:00+01:00&x=1']]);
  });
});

describe('an id that is none is refused', () => {
  test.each(HOSTILE_SESSION_IDS)('as a session: %j', (sessionId) => {
    expect(tryBuild(sessionPath(sessionId))).toMatchObject({ code: 'session_id_invalid' });
  });

  test.each([...HOSTILE_WEBSITE_IDS, WEBSITE_ID.toUpperCase()])('as a website: %j', (websiteId) => {
    expect(tryBuild(['website', { websiteId }])).toMatchObject({ code: 'website_id_invalid' });
  });

  test.each([...HOSTILE_SEGMENTS, 'ada@example.com', `${PEOPLE_ID}\n`])('as a profile: %j', (peopleId) => {
    expect(tryBuild(['people', { peopleId }])).toMatchObject({ reason: 'bad_response:people_id' });
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity, 1e21])('as a page: %d', (page) => {
    expect(tryBuild(['pages', { page }])).toMatchObject({ code: 'unexpected' });
  });

  test.each([...HOSTILE_SEGMENTS.filter((text) => !/^a+$/.test(text)), 'Website'])(
    'as a word of a route: %j',
    (word) => expect(tryBuild([word])).toMatchObject({ code: 'unexpected' }),
  );

  test.each([-1, 1.5, Number.NaN])('as a number of the query: %d', (timestamp_before) => {
    expect(() => buildCrispUrl(BASE, ['website'], { timestamp_before })).toThrow(JobError);
  });
});

describe('of 100,000 texts as ids, none leaves its segment: refused, or the exact path on the exact origin', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom('.', '/', '\\', '%2e', '%2f', '..', '?', '#', '@', ':', '\t', '\n', 'a', '-'),
      maxLength: 8,
    }),
    fc.string({ unit: 'grapheme-ascii', maxLength: 70 }),
  );
  const almostUuid = fc
    .tuple(fc.uuid(), fc.nat(36), fc.constantFrom('', '/', '..', '%2f', '\n', 'A', '\u0131'))
    .map(([uuid, at, odd]) => uuid.slice(0, at) + odd + uuid.slice(at + odd.length));

  test('as a session', () => {
    const sessionId = fc.oneof(
      text,
      text.map((tail) => `session_${tail}`),
    );
    fc.assert(
      fc.property(sessionId, (id) => {
        const built = tryBuild([...sessionPath(id), 'messages']);

        if (built instanceof JobError) return built.code === 'session_id_invalid';
        return isExactly(built, `/v1/website/${WEBSITE_ID}/conversation/${id}/messages`);
      }),
      { numRuns: 60_000 },
    );
  });

  test('as a website or a profile', () => {
    fc.assert(
      fc.property(fc.oneof(text, almostUuid), (id) => {
        const website = tryBuild(['website', { websiteId: id }, 'conversations']);
        const profile = tryBuild(['people', 'profile', { peopleId: id }]);

        return (
          (website instanceof JobError
            ? website.code === 'website_id_invalid'
            : isExactly(website, `/v1/website/${id}/conversations`)) &&
          (profile instanceof JobError
            ? profile.reason === 'bad_response:people_id'
            : isExactly(profile, `/v1/people/profile/${id}`))
        );
      }),
      { numRuns: 40_000 },
    );
  });

  /** Nothing beside origin and path, and no segment more or less than was meant. */
  function isExactly(url: URL, pathname: string): boolean {
    return url.href === `https://api.example.com${pathname}` && !/[^\w/-]|\/\//.test(pathname);
  }
});
