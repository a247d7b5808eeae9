import { describe, expect, test } from 'vitest';
import { aRemovedRecord } from '../stories/a-record.ts';
import { aStory, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, moved, type Steps, without } from '../stories/steps.ts';

const END_MS = START_MS + 80_000;
const message = { queue: 'sessions', messageId: 'message', body: '', receiveCount: 2 } as const;
const removal = (atMs: number) => ({ type: 'notice-published', atMs, body: aRemovedRecord(atMs) }) as const;
const TOLD_ONCE = changed(without(aStory(), 'put', 'record'), 'notice', {
  body: aRemovedRecord(START_MS),
});

describe('a message has two ends', () => {
  test.each<[string, Steps]>([
    [
      'where it was acknowledged and dead-lettered',
      [...aStory(), ['dead', { type: 'message-dead-lettered', atMs: END_MS, ...message }]],
    ],
    [
      'where it was received again after its acknowledgement',
      [...aStory(), ['again', { type: 'message-received', atMs: END_MS, ...message }]],
    ],
    [
      'where it was acknowledged twice',
      [...aStory(), ['again', { type: 'message-deleted', atMs: END_MS, ...message }]],
    ],
    ['where its removal is told again after it was known', [...TOLD_ONCE, ['again', removal(END_MS)]]],
  ])('%s', (_case, steps) => {
    expect(check('I2', steps)).not.toEqual([]);
  });
});

describe('a message has one end', () => {
  test.each<[string, Steps]>([
    [
      'where it was received twice before its acknowledgement',
      inserted(aStory(), [['again', { type: 'message-received', atMs: END_MS, ...message }]], {
        before: 'deleted',
      }),
    ],
    [
      'where it was dead-lettered and nothing else',
      [
        ...without(aStory(), 'deleted'),
        ['dead', { type: 'message-dead-lettered', atMs: END_MS, ...message }],
      ],
    ],
    [
      'where its removal was told again because its first telling was not acknowledged',
      moved([...TOLD_ONCE, ['again', removal(END_MS)]], 'deleted', { after: 'again' }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I2', steps)).toEqual([]);
  });
});
