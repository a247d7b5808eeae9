import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMessageMerge } from '../../../lib/core/crisp/merge-messages.ts';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { mergeMessages } from '../../support/merge-messages.ts';

const message = (fingerprint: unknown, timestamp: unknown, content: unknown = 'text') => ({
  fingerprint,
  timestamp,
  content,
});

describe('what is one message and what is two', () => {
  test('the same fingerprint is one message, and its later reading is kept', () => {
    const merged = mergeMessages([[message(1, 10, 'before the edit')], [message(1, 10, 'after')]]);

    expect(merged).toEqual([message(1, 10, 'after')]);
  });

  test('a fingerprint as number and as text is the same', () => {
    expect(mergeMessages([[message(1, 10)], [message('1', 10)]])).toHaveLength(1);
  });

  test('fingerprints that JSON rounds to one number are told apart by content', () => {
    const rounded = 2 ** 53;

    expect(mergeMessages([[message(rounded, 10, 'a'), message(rounded, 10, 'b')]])).toHaveLength(2);
  });

  test('without a fingerprint, time and content decide, and what changes by itself does not', () => {
    const merged = mergeMessages([
      [{ timestamp: 1, content: 'a', read: '' }],
      [
        { timestamp: 1, content: 'a', read: 'chat' },
        { timestamp: 2, content: 'a' },
        { timestamp: 1, content: 'b' },
      ],
    ]);

    expect(merged).toHaveLength(3);
  });

  test('equal messages without a fingerprint in one page are two, also when the page is read again', () => {
    const page = [
      { timestamp: 1, content: 'a' },
      { timestamp: 1, content: 'a' },
    ];

    expect(mergeMessages([page, page])).toHaveLength(2);
  });

  test('null, scalars, lists and empty objects are kept as they are', () => {
    const odd = [null, 7, 'text', true, [1], {}, { fingerprint: null, timestamp: 'soon' }];

    const merged = mergeMessages([odd, odd]);

    expect(merged).toHaveLength(odd.length);
    expect(merged).toEqual(expect.arrayContaining(odd));
  });

  test('add tells how many were new', () => {
    const merge = createMessageMerge();

    const added = [merge.add([message(1, 1), message(2, 2)]), merge.add([message(2, 2), message(3, 3)])];

    expect(added).toEqual([2, 1]);
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
  const content = fc.constantFrom('a', 'b', null, { url: 'x' });
  const anyMessage = fc.record({ fingerprint: fc.integer({ min: -3, max: 30 }), timestamp, content });
  const history = fc.uniqueArray(anyMessage, { selector: (one) => one.fingerprint, maxLength: 25 });

  test('give the same conversation, and merging twice changes nothing', () => {
    const cuts = fc.array(fc.tuple(fc.nat(25), fc.nat(25)), { maxLength: 6 });
    fc.assert(
      fc.property(history, cuts, fc.boolean(), (messages, ranges, isReversed) => {
        const overlaps = ranges.map(([from, length]) => messages.slice(from, from + length));
        const pages = isReversed ? [messages, ...overlaps] : [...overlaps, messages];

        const merged = mergeMessages(pages);

        expect(merged).toEqual(mergeMessages([messages]));
        expect(mergeMessages([merged, merged])).toEqual(merged);
        expect(merged).toHaveLength(messages.length);
      }),
    );
  });

  test('give the same whichever page comes when, as long as each message is on some page', () => {
    const piece = fc.tuple(fc.nat(24), fc.integer({ min: 1, max: 10 }));
    // Some have no fingerprint; no two of those say the same.
    const anyKind = fc.record({
      fingerprint: fc.option(fc.integer({ min: -3, max: 30 }), { nil: undefined }),
      timestamp,
      content: fc.nat(),
    });
    const anyHistory = fc.uniqueArray(anyKind, {
      selector: ({ fingerprint, content }) => fingerprint ?? `content ${content}`,
      maxLength: 25,
    });
    const shuffledPages = fc
      .tuple(anyHistory, fc.array(piece, { maxLength: 6 }))
      .chain(([messages, pieces]) => {
        const overlaps = pieces.map(([from, length]) => messages.slice(from, from + length));
        const everyOne = chunk(messages, 4);
        const pages = [...everyOne, ...overlaps];
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
      }),
    );
  });
});

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
