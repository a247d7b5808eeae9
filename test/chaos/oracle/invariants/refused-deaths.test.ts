import { describe, expect, test } from 'vitest';
import { aStory, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, type Steps, without } from '../stories/steps.ts';

const END_MS = START_MS + 80_000;
const FAILED = changed(without(aStory(), 'put', 'notice', 'record', 'deleted'), 'batch', {
  failedIds: ['message'],
});
const dead = {
  type: 'message-dead-lettered',
  atMs: END_MS,
  queue: 'sessions',
  messageId: 'message',
  body: '',
  receiveCount: 20,
} as const;
const SECOND_RECEIVE = new Set(['received', 'conversation', 'messages', 'batch']);
/** Crisp answered the conversation with this status, and the message died. */
const died = (status: number): Steps => [
  ...changed(FAILED, 'conversation', { status, body: '' }),
  ['dead', dead],
];

describe('a message died of refusals', () => {
  test.each([401, 420, 422, 423, 429])('where Crisp answered nothing worse than %i', (status) => {
    expect(check('I6', died(status))).toHaveLength(1);
  });
});

test('a message died of refusals where Crisp failed for another session alone', () => {
  const steps = inserted(
    died(429),
    aStory({ suffix: '-2', sessionId: 'session_other' })
      .filter(([name]) => name === 'conversation-2')
      .map(([name, event]) => [name, { ...event, status: 500 } as typeof event]),
    { before: 'batch' },
  );

  expect(check('I6', steps).filter((text) => text.includes('died'))).toHaveLength(1);
});

describe('a message did not die of refusals', () => {
  test.each<[string, Steps]>([
    ['where Crisp failed', died(500)],
    [
      'where nobody could read it, while Crisp refused a profile',
      changed(changed(changed(died(429), 'sent', { body: '{' }), 'received', { body: '{' }), 'conversation', {
        route: 'website/people/profile',
        sessionKey: undefined,
      }),
    ],
    ['where Crisp forbade it', died(403)],
    ['where an answer was broken', changed(died(429), 'messages', { fault: 'F43' })],
    ['where Crisp answered everything', [...FAILED, ['dead', dead]]],
    [
      'where everything was answered in another receive, and nothing came of it',
      [
        ...changed(FAILED, 'conversation', { status: 429, body: '' }),
        ...FAILED.filter(([name]) => SECOND_RECEIVE.has(name)).map(
          ([name, event]) => [`${name} again`, { ...event, atMs: event.atMs + 5_000 }] as const,
        ),
        ['dead', dead],
      ],
    ],
    ['where it still waits', without(died(429), 'dead')],
    [
      'where something else was disturbed',
      inserted(
        died(429),
        [['fault', { type: 'fault-injected', atMs: END_MS, fault: 'F5', place: 'queue' }]],
        {
          before: 'batch',
        },
      ),
    ],
    ['where one of its receives has no answer', changed(died(429), 'batch', { failedIds: undefined })],
  ])('%s', (_case, steps) => {
    expect(check('I6', steps)).toEqual([]);
  });
});
