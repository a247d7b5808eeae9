import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  aBody,
  aConversation,
  aPage,
  aRecord,
  aRemovedRecord,
  aStory,
  broken,
  changed,
  crispHas,
  FETCH_MS,
  findBroken,
  inserted,
  kept,
  moved,
  only,
  SESSION_ID,
  START_MS,
  type Steps,
  unfetched,
  WEBSITE_ID,
  without,
} from './stories.ts';

describe('announcements', () => {
  const VERSION = START_MS + 72_010;
  const BODY = aRecord({ version: VERSION, fingerprints: [1] });
  const SOUND = {
    bucket: 'archive',
    key: `records/${WEBSITE_ID}/${SESSION_ID}/${VERSION}.json`,
    bytes: Buffer.byteLength(BODY),
    sha256: createHash('sha256').update(BODY).digest('hex'),
  };

  /** The story with a pointer in place of its record. */
  function withClaim(changes: Partial<typeof SOUND> = {}): Steps {
    const { messages, metrics, enrichment, profile, fetched_at, ...header } = JSON.parse(BODY);
    const body = JSON.stringify({ ...header, claim_check: { ...SOUND, ...changes } });
    return changed(aStory(), { notice: { body }, record: { body } });
  }

  test('a pointer to the archived record counts as the record', () => {
    expect(findBroken(withClaim())).toEqual([]);
  });

  describe('a pointer is no record', () => {
    test.each(
      Object.entries({
        'where it names another object': withClaim({ key: 'records/other.json' }),
        'where the hash is another': withClaim({ sha256: '0'.repeat(64) }),
        'where the length is another': withClaim({ bytes: SOUND.bytes + 1 }),
        'where there is no object': without(withClaim(), 'put'),
        'where the object came afterwards': moved(withClaim(), 'put', { after: 'notice' }),
        'where the object is no record': changed(withClaim(), { put: { body: '{}' } }),
      }),
    )('%s', (_title, steps) => {
      expect(findBroken(steps)).toEqual(expect.arrayContaining(['I1', 'I3', 'I5']));
    });
  });
});

describe('cover', () => {
  const LATER_MS = START_MS + 600_000;

  /** Crisp says 404, and the notice is that of a removal. */
  const asRemoval = (steps: Steps, suffix: string, atMs: number): Steps =>
    inserted(
      changed(without(steps, `messages${suffix}`, `put${suffix}`, `record${suffix}`), {
        [`conversation${suffix}`]: { status: 404, body: undefined },
        [`notice${suffix}`]: { body: aRemovedRecord(atMs + 72_010) },
      }),
      { [`gone${suffix}`]: crispHas(null, atMs + 100) },
      { before: `received${suffix}` },
    );

  /** Crisp has two messages all the time, the event is about the second, and the record holds the first alone. */
  const lacking = (fields: Readonly<Record<string, unknown>>): Steps => {
    const body = aRecord({ version: FETCH_MS, fingerprints: [1] });
    const messages = { body: aPage([1]), ...fields };
    const told = { put: { body }, notice: { body }, record: { body } };
    return changed(aStory({ fingerprints: [1, 2] }), { messages, ...told });
  };

  /** The send reached the queue only during the fetch. */
  const slowlySent = (steps: Steps) =>
    moved(moved(steps, 'sent', { after: 'messages' }), 'answered', { after: 'sent' });

  kept('I1', {
    'by the fetch after its bucket, where its own send reached the queue only during that fetch': slowlySent(
      aStory(),
    ),
    'by a stale answer of a cache of Crisp, which nobody can see through': lacking({ fault: 'F39' }),
    'where Crisp lost its message while it was fetched': inserted(
      lacking({}),
      { lost: crispHas([1], FETCH_MS + 3) },
      { before: 'put' },
    ),
    'by an earlier removal that another look confirmed': without(
      [
        ...asRemoval(aStory(), '', START_MS),
        ...asRemoval(aStory({ suffix: '-2', startMs: LATER_MS }), '-2', LATER_MS),
      ],
      'changed-2',
      'notice-2',
    ),
  });

  broken('I1', {
    'by a record that lacks its message': lacking({}),
    'by a record that lacks its message, where Crisp was only slow': lacking({ fault: 'F35' }),
    'by a fetch before its send, where the bucket of a clock that ran behind had ended long ago': slowlySent(
      changed(aStory(), { sent: { body: aBody({ startMs: START_MS - 3_600_000 }) } }),
    ),
    'by a look before it that found nothing': [
      ...without(asRemoval(aStory(), '', START_MS), 'notice'),
      ...without(unfetched(aStory({ suffix: '-2', startMs: LATER_MS })), 'changed-2'),
    ],
    'by a look that found nothing, where a record is what was told last': without(
      [...aStory(), ...asRemoval(aStory({ suffix: '-2', startMs: LATER_MS }), '-2', LATER_MS)],
      'notice-2',
    ),
    'by a removal of a conversation that Crisp has': without(asRemoval(aStory(), '', START_MS), 'gone'),
  });
});

describe('a question for a healthy session', () => {
  const told = (atMs: number): Steps => {
    const asked = { websiteId: WEBSITE_ID, sessionId: SESSION_ID, route: 'website/conversation' };
    const text = JSON.stringify({ name: 'breaker-asked', ...asked });
    return [['told', { type: 'line-written', atMs, by: 'consumer-1', text }]];
  };
  /** The conversation is read once more in the batch, and has changed. */
  const asked = only(aStory(), 'conversation').map(([, event]) => {
    const body = aConversation({ state: 'resolved' });
    return [
      'asked',
      { ...event, atMs: FETCH_MS + 21, endedMs: FETCH_MS + 25, body } as typeof event,
    ] as const;
  });
  // Three requests in a row are not what these tests are about.
  const LOOSE = { transitJitterMs: 100 };
  const twice = inserted(aStory(), asked, { after: 'notice' });

  test('its answer is part of no fetch', () => {
    expect(findBroken(inserted(twice, told(FETCH_MS + 26), { after: 'asked' }), LOOSE)).toEqual([]);
  });

  test('an answer that no question asked for is part of the fetch', () => {
    expect(findBroken(twice, LOOSE)).toContain('I3');
  });

  test.each([
    ['in a later batch', [...aStory(), ...told(FETCH_MS + 600_000)]],
    ['in the same batch', inserted(aStory(), told(FETCH_MS + 5_000), { before: 'batch' })],
  ])('one that was never sent takes no answer from a fetch: %s', (_case, steps) => {
    expect(findBroken(steps)).toEqual([]);
  });
});
