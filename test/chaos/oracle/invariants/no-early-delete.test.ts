import { describe, expect, test } from 'vitest';
import { aBody, aReceive, aStory, named, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, moved, type Steps, without } from '../stories/steps.ts';

const END_MS = START_MS + 80_000;
const message = { messageId: 'message', body: '', receiveCount: 20 } as const;
const DEAD = [
  ...without(aStory(), 'deleted'),
  ['dead', { type: 'message-dead-lettered', atMs: END_MS, queue: 'sessions', ...message }],
  ['taken', { type: 'message-deleted', atMs: END_MS + 10, queue: 'sessions-dlq', ...message }],
] as const satisfies Steps;
const AGAIN = {
  type: 'message-sent',
  atMs: END_MS + 5,
  messageId: 'message-again',
  body: aBody(),
  isDuplicate: false,
  by: 'redrive',
} as const;

/** The dead letter is one that nobody can read, and this was sent in its place. */
const RUBBISH = (body: string): Steps => {
  const dead = DEAD.map(([name, event]) =>
    'body' in event && event.type.startsWith('message-')
      ? [name, { ...event, body: '{' } as typeof event]
      : [name, event],
  ) as Steps;
  return inserted(dead, [['again', { ...AGAIN, body }]], { before: 'taken' });
};

describe('a message was deleted too early', () => {
  test.each<[string, Steps]>([
    ['where the topic took its record afterwards', moved(aStory(), 'notice', { after: 'deleted' })],
    ['where the topic never took it', without(aStory(), 'notice', 'record')],
    [
      'where another receive of its session had announced, but its own did not even fetch',
      [
        ...aStory(),
        ...without(
          named('-2', aReceive({ suffix: '-2', startMs: START_MS + 600_000 })),
          'conversation-2',
          'messages-2',
          'put-2',
          'notice-2',
          'record-2',
        ),
      ],
    ],
    [
      'where it is one that nobody could read',
      aStory().map(([name, event]) =>
        'body' in event && event.type.startsWith('message-')
          ? [name, { ...event, body: '{' }]
          : [name, event],
      ),
    ],
    ['where a dead letter was taken away and nothing was sent', DEAD],
    [
      'where another dead letter was sent again',
      inserted(DEAD, [['again', { ...AGAIN, body: aBody({ sessionId: 'session_other' }) }]], {
        before: 'taken',
      }),
    ],
    [
      'where a person had dropped something before it died',
      inserted(DEAD, [['drop', { type: 'operated', atMs: 0, action: 'drop' }]], { before: 'dead' }),
    ],
    [
      'where a person did something else',
      inserted(DEAD, [['list', { type: 'operated', atMs: END_MS, action: 'dlq list' }]], { before: 'taken' }),
    ],
    ['where rubbish was taken away and other rubbish was sent', RUBBISH('{"a"')],
    [
      'where a dead letter was taken away before it was sent again',
      inserted(DEAD, [['again', AGAIN]], { after: 'taken' }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I5', steps)).not.toEqual([]);
  });
});

describe('a message was not deleted too early', () => {
  test.each<[string, Steps]>([
    ['where the topic had its record in the same ms', changed(aStory(), 'deleted', { atMs: 0 })],
    [
      'where its content was what had been announced',
      [
        ...aStory(),
        ...without(aStory({ suffix: '-2', startMs: START_MS + 600_000 }), 'put-2', 'notice-2', 'record-2'),
      ],
    ],
    [
      'where a dead letter was sent again before it was taken away',
      inserted(DEAD, [['again', AGAIN]], { before: 'taken' }),
    ],
    ['where rubbish was sent again as it was', RUBBISH('{')],
    [
      'where a person dropped a dead letter',
      inserted(DEAD, [['drop', { type: 'operated', atMs: END_MS + 5, action: 'drop message' }]], {
        before: 'taken',
      }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I5', steps)).toEqual([]);
  });
});
