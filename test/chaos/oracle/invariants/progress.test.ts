import { describe, expect, test } from 'vitest';
import { aConversation, SESSION_KEY } from '../stories/a-record.ts';
import { aBody, aStory, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, type Steps, without } from '../stories/steps.ts';

const RECEIVED_MS = START_MS + 72_000;
/** In the batch of the story there was also a message that nobody can read. */
const WITH_POISON = changed(aStory(), 'batch', { messageIds: ['message', 'poison'], failedIds: ['poison'] });
const RETURNED = changed(without(WITH_POISON, 'deleted'), 'batch', {
  messageIds: ['message', 'poison'],
  failedIds: ['message', 'poison'],
});
/** The instance died of the poison before it had begun with the sibling. */
const KILLED = changed(without(RETURNED, 'conversation', 'messages', 'put', 'notice', 'record'), 'batch', {
  messageIds: ['message', 'poison'],
  failedIds: undefined,
});
const again = (waitMs: number): Steps => [
  [
    'again',
    {
      type: 'message-received',
      atMs: RECEIVED_MS + waitMs,
      queue: 'sessions',
      messageId: 'message',
      body: aBody(),
      receiveCount: 2,
    },
  ],
];
const first = {
  type: 'message-received',
  queue: 'sessions',
  messageId: 'message',
  body: aBody(),
  receiveCount: 1,
} as const;
const answered = {
  type: 'crisp-answered',
  by: 'consumer',
  instance: 'consumer-1',
  route: 'website/conversation',
  path: '/v1',
  sessionKey: SESSION_KEY,
  status: 302,
} as const;
const batch = { type: 'batch-answered', atMs: RECEIVED_MS + 5 } as const;
const fault = { type: 'fault-injected', atMs: RECEIVED_MS, fault: 'F64', place: 'archive' } as const;

describe('a sibling is held up', () => {
  test.each<[string, Steps]>([
    ['where it was done and returned with the poison', RETURNED],
    [
      'where it was done, and Crisp had failed for the session of the poison alone',
      inserted(
        RETURNED,
        [['failed', { ...answered, status: 500, sessionKey: 'other', atMs: RECEIVED_MS + 1, endedMs: 0 }]],
        { before: 'put' },
      ),
    ],
    [
      'where it waits for a day, and the tap had been closed the day before',
      [
        ['off', { type: 'tap-turned', atMs: START_MS - 10_000, to: 'off' }],
        ['on', { type: 'tap-turned', atMs: START_MS - 5_000, to: 'on' }],
        ...KILLED,
        ...again(86_400_000),
      ],
    ],
    ['where it comes again only after a day', [...KILLED, ...again(86_400_000)]],
    [
      'where its own answers were fine and it waits for two hours',
      [...without(RETURNED, 'put', 'notice', 'record'), ...again(7_200_000)],
    ],
  ])('%s', (_case, steps) => {
    expect(check('I9', steps)).not.toEqual([]);
  });
});

describe('a sibling is not held up', () => {
  test.each<[string, Steps]>([
    ['where it was acknowledged beside the poison', WITH_POISON],
    ['where it comes again after the visibility timeout', [...KILLED, ...again(3_600_000)]],
    [
      'where its own archive failed',
      inserted(RETURNED, [['fault', { ...fault, instance: 'consumer-1' }]], { before: 'put' }),
    ],
    [
      'where its own session failed, and it waits for as long as Crisp asked',
      [
        ...changed(without(RETURNED, 'put', 'notice', 'record'), 'conversation', { status: 429 }),
        ...again(30_000_000),
      ],
    ],
    [
      'where nothing was handed out meanwhile',
      [
        ...KILLED,
        ['off', { type: 'tap-turned', atMs: RECEIVED_MS + 1_000, to: 'off' }],
        ['on', { type: 'tap-turned', atMs: RECEIVED_MS + 21_000_000, to: 'on' }],
        ...again(21_600_000),
      ],
    ],
    [
      'where it had failed for good before, and waits for its end',
      inserted(
        RETURNED,
        [
          ['first', { ...first, atMs: RECEIVED_MS - 20_000 }],
          ['failed', { ...answered, atMs: RECEIVED_MS - 10_000, endedMs: RECEIVED_MS - 9_000 }],
        ],
        { before: 'received' },
      ),
    ],
    [
      'where the answer lacked the newest message',
      changed(RETURNED, 'conversation', {
        body: aConversation().replace('"unread":{}', '"preview_message":{"fingerprint":2}'),
      }),
    ],
    [
      'where another instance had it at the same time',
      inserted(
        RETURNED,
        [['rival', { ...batch, instance: 'consumer-2', messageIds: ['message'], failedIds: [] }]],
        { before: 'put' },
      ),
    ],
    [
      'where its time had not come',
      [...changed(KILLED, 'received', { atMs: START_MS + 1 }), ...again(86_400_000)],
    ],
  ])('%s', (_case, steps) => {
    expect(check('I9', steps)).toEqual([]);
  });

  test('where the fault was at another instance, the sibling is healthy', () => {
    const steps = inserted(
      RETURNED,
      [['fault', { ...fault, instance: 'consumer-2', sessionKey: SESSION_KEY }]],
      {
        before: 'put',
      },
    );

    expect(check('I9', steps)).not.toEqual([]);
  });
});
