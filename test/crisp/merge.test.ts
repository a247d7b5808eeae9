import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversLatestMessage } from '../../lib/crisp/conversation.ts';
import { toTypedList, toTypedObject, toTypedProfile } from '../../lib/crisp/fields.ts';
import { createMessageMerge } from '../../lib/crisp/merge.ts';
import { JobError } from '../../lib/errors.ts';
import { mergeMessages } from '../support/crisp.ts';

describe('typed', () => {
  const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';

  describe('a profile', () => {
    test.each([
      ['of another person', { people_id: '00000000-0000-4000-8000-000000000000', email: 'canary' }],
      ['of a person whose id is no id', { people_id: 7, email: 'canary' }],
      ['of a person whose id is a list', { people_id: [PEOPLE_ID], email: 'canary' }],
    ])('%s is left out, and its id alone is named', (_, profile) => {
      const expected = { value: null, oddFields: [{ path: 'profile.people_id', value: profile.people_id }] };
      expect(toTypedProfile(profile, PEOPLE_ID)).toEqual(expected);
    });

    test.each([{}, { people_id: PEOPLE_ID.toUpperCase() }, { people_id: null }])(
      'of the person who was asked for is kept: %j',
      (profile) => expect(toTypedProfile(profile, PEOPLE_ID)).toEqual({ value: profile, oddFields: [] }),
    );

    test.each([[[]], ['text'], [7], [true]])('that is none is set aside: %j', (profile) => {
      const expected = { value: null, oddFields: [{ path: 'profile', value: profile }] };
      expect(toTypedProfile(profile, PEOPLE_ID)).toEqual(expected);
    });
  });

  test.each([[[]], ['text'], [7], [false]])('%j in the place of an object is set aside', (data) => {
    const expected = { value: {}, oddFields: [{ path: 'relations', value: data }] };
    expect(toTypedObject('relations', data)).toEqual(expected);
  });

  test.each([[{}], ['text'], [7], [false]])('%j in the place of a list is set aside', (data) => {
    const expected = { value: undefined, oddFields: [{ path: 'pages', value: data }] };
    expect(toTypedList('pages', data)).toEqual(expected);
  });

  test.each([undefined, null])('%s is not odd: there is nothing', (data) => {
    expect(toTypedProfile(data, PEOPLE_ID)).toEqual({ value: null, oddFields: [] });
    expect(toTypedObject('relations', data)).toEqual({ value: {}, oddFields: [] });
    expect(toTypedList('pages', data)).toEqual({ value: undefined, oddFields: [] });
  });
});

describe('merge messages', () => {
  const message = (fingerprint: unknown, timestamp: unknown, content: unknown = 'text') => ({
    fingerprint,
    timestamp,
    content,
  });

  describe('what is one message and what is two', () => {
    test('the same message read twice is one, and its later reading is kept', () => {
      const merged = mergeMessages([[message(1, 10, 'before the edit')], [message(1, 10, 'after')]]);
      expect(merged).toEqual([message(1, 10, 'after')]);
    });

    const first = { fingerprint: 7, timestamp: 10, type: 'text', from: 'user', content: 'a' };

    test.each([
      ['type: a reply and a note that are numbered apart', { type: 'note' }],
      ['sender', { from: 'operator' }],
      ['moment', { timestamp: 11 }],
      ['type of fingerprint in JSON', { fingerprint: '7' }],
      ['type where only one has any', { type: undefined }],
      ['moment, which for one is no number', { timestamp: '10' }],
    ])('the same fingerprint with another %s is another message, on one page and on two', (_, other) => {
      const second = { ...first, ...other, content: 'b' };

      for (const pages of [
        [[first, second]],
        [[second, first]],
        [[first], [second]],
        [[second], [first, second]],
      ])
        expect(mergeMessages(pages)).toEqual(expect.arrayContaining([first, second]));
    });

    test('messages that agree in all that names them are as many as a page holds, whatever they say', () => {
      const [a, b, c] = ['a', 'b', 'c'].map((content) => ({ ...first, content }));

      for (const pages of [
        [[a, b, c]],
        [[c], [b, c], [a, b, c]],
        [
          [a, b, c],
          [b, c],
        ],
        [[a, b, c], [a], [c]],
      ])
        expect(mergeMessages(pages)).toEqual(expect.arrayContaining([a, b, c]));
      expect(mergeMessages([[a, a]])).toEqual([a, a]);
    });

    test('an edit between two pages doubles nothing, also among messages of one name', () => {
      const [a, b, edited] = ['a', 'b', 'edited'].map((content) => ({ ...first, content }));

      const [before, after] = [
        [a, b],
        [a, edited],
      ];
      expect(mergeMessages([before, after])).toEqual(expect.arrayContaining([a, edited]));
      expect(mergeMessages([before, after])).toHaveLength(2);
      expect(mergeMessages([[a, b], [edited]])).toHaveLength(2);
    });

    test('fingerprints that JSON rounds to one number are as many as a page holds, also when one is edited', () => {
      const rounded = 2 ** 53;

      expect(mergeMessages([[message(rounded, 10, 'a'), message(rounded, 10, 'b')]])).toHaveLength(2);
      expect(mergeMessages([[message(rounded, 10, 'a')], [message(rounded, 10, 'edited')]])).toHaveLength(1);
      expect(mergeMessages([[message(rounded, 'soon', 'a')], [message(rounded, 'soon', 'b')]])).toHaveLength(
        2,
      );
    });

    test('without a fingerprint, time and content decide, and what changes by itself does not', () => {
      const a = { timestamp: 1, content: 'a' };
      const others = [
        { timestamp: 2, content: 'a' },
        { ...a, content: 'b' },
      ];
      expect(mergeMessages([[{ ...a, read: '' }], [{ ...a, read: 'chat' }, ...others]])).toHaveLength(3);
    });

    test('equal messages without a fingerprint in one page are two, also when the page is read again', () => {
      const page = Array(2).fill({ timestamp: 1, content: 'a' });
      expect(mergeMessages([page, page])).toHaveLength(2);
    });

    test('null, scalars, lists and empty objects are kept as they are', () => {
      const odd = [null, 7, 'text', true, [1], {}, { fingerprint: null, timestamp: 'soon' }];
      const merged = mergeMessages([odd, odd]);
      expect(merged).toHaveLength(odd.length);
      expect(merged).toEqual(expect.arrayContaining(odd));
    });

    test('add tells which were new', () => {
      const merge = createMessageMerge();
      const added = [merge.add([message(1, 1), message(2, 2)]), merge.add([message(2, 2), message(3, 3)])];
      expect(added).toEqual([[message(1, 1), message(2, 2)], [message(3, 3)]]);
    });

    test('content too deep to be written is refused by name', () => {
      const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

      expect(() => mergeMessages([[{ content: JSON.parse(deep) }]])).toThrow(
        new JobError('bad_response', { detail: 'too_deep' }),
      );
    });
  });

  describe('order', () => {
    test('by timestamp, then by fingerprint as a number, those without a timestamp first', () => {
      const sorted = [
        { content: 'no time' },
        message(9, 1),
        message(10, 1),
        message('x', 1),
        message(-5, 2),
        message(1, 2),
      ];

      expect(mergeMessages([sorted.toReversed()])).toEqual(sorted);
    });
  });

  describe('pages in any order, with any overlap', () => {
    const timestamp = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(undefined, 'soon', null));
    test('give the same whichever page comes when, as long as each message is on some page; merging twice changes nothing', () => {
      const piece = fc.tuple(fc.nat(24), fc.integer({ min: 1, max: 10 }));
      // Some have no fingerprint; no two of those say the same.
      const anyKind = fc.record({
        fingerprint: fc.option(fc.integer({ min: -3, max: 30 }), { nil: undefined }),
        timestamp,
        content: fc.oneof(fc.nat(), fc.constantFrom('a', null, { url: 'x' })),
      });
      const anyHistory = fc.uniqueArray(anyKind, {
        selector: ({ fingerprint, content }) => fingerprint ?? `content ${JSON.stringify(content)}`,
        maxLength: 25,
      });
      const shuffledPages = fc
        .tuple(anyHistory, fc.array(piece, { maxLength: 6 }))
        .chain(([messages, pieces]) => {
          const overlaps = pieces.map(([from, length]) => messages.slice(from, from + length));
          const pages = [...chunk(messages, 4), ...overlaps];
          return fc.tuple(
            fc.constant(messages),
            fc.shuffledSubarray(pages, { minLength: pages.length }),
            fc.shuffledSubarray(pages, { minLength: pages.length }),
          );
        });

      fc.assert(
        fc.property(shuffledPages, ([messages, one, other]) => {
          const merged = mergeMessages(one);

          expect(merged).toEqual(mergeMessages(other));
          expect(merged).toEqual(mergeMessages([messages]));
          expect(mergeMessages([...one, ...other])).toEqual(merged);
          expect(mergeMessages([merged, merged])).toEqual(merged);
          expect(merged).toHaveLength(messages.length);
        }),
      );
    });
  });

  function chunk<T>(items: readonly T[], size: number): T[][] {
    return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
      items.slice(index * size, (index + 1) * size),
    );
  }
});

describe('covers latest message', () => {
  const messages = [null, { fingerprint: 1 }, { fingerprint: 2 }];

  test.each([
    ['the preview is among the messages', { preview_message: { fingerprint: 2 } }, true],
    ['the preview is named as text', { preview_message: { fingerprint: '2' } }, true],
    ['the preview is not among them', { preview_message: { fingerprint: 3 } }, false],
    ['there is no preview', {}, null],
    ['the preview has no fingerprint', { preview_message: { excerpt: 'Thanks!' } }, null],
    ['the preview is no object', { preview_message: 'Thanks!' }, null],
  ])('where %s: %o is covered: %s', (_, conversation, isCovered) => {
    expect(coversLatestMessage(conversation, messages)).toBe(isCovered);
  });
});
