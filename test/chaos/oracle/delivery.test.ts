import { describe, expect, test } from 'vitest';
import {
  aBody,
  aDelivery,
  aReceive,
  aRemovedRecord,
  aStory,
  changed,
  check,
  inserted,
  moved,
  named,
  SESSION_KEY,
  START_MS,
  type Steps,
  without,
} from './stories.ts';

describe('no loss', () => {
  const FETCH_MS = START_MS + 72_010;

  /** A second event of the same bucket: the queue took it for a twin of the first. */
  const TWIN = named('-2', aDelivery({ suffix: '-2', startMs: START_MS + 30_000, fingerprints: [1, 2] }));
  const asTwin = (twin: Steps) =>
    changed(changed(twin, 'sent-2', { messageId: 'message', isDuplicate: true }), 'answered-2', {
      body: '{"status":"queued","message_id":"message"}',
    });

  const crispHas = (fingerprints: readonly number[] | null, atMs: number) =>
    ({ type: 'crisp-changed', atMs, sessionKey: SESSION_KEY, fingerprints }) as const;
  const dead = {
    type: 'message-dead-lettered',
    atMs: FETCH_MS + 40,
    queue: 'sessions',
    messageId: 'message',
    body: '',
    receiveCount: 20,
  } as const;
  const reason = {
    type: 'line-written',
    atMs: FETCH_MS + 35,
    by: 'consumer',
    text: '{"name":"job-failed","code":"session_mismatch","messageId":"message"}',
  } as const;
  const failed = (steps: Steps) => changed(steps, 'batch', { failedIds: ['message'] });
  const DIED = without(failed(aStory()), 'put', 'notice', 'record', 'deleted');

  describe('an accepted event is lost', () => {
    test.each<[string, Steps]>([
      ['where nothing was announced', without(aStory(), 'put', 'notice', 'record')],
      ['where its message was never received', [...named('', aDelivery())]],
      ['where the queue had no message for it', without(aStory(), 'sent')],
      [
        'where the fetch started before it',
        [...without(aStory(), 'deleted'), ...asTwin(TWIN)].map(([name, event]) =>
          // The first fetch as a leading-edge coalescer would start it: at once.
          name.endsWith('-2') || event.atMs < START_MS + 72_000
            ? [name, event]
            : [name, { ...event, atMs: event.atMs - 71_000 }],
        ),
      ],
      [
        'where the record lacks its message, which Crisp had all along',
        inserted(aStory(), [['also', crispHas([1, 2], START_MS)]], { before: 'received' }).map(
          ([name, event]) =>
            name === 'delivered' ? [name, { ...event, fingerprint: 2 } as typeof event] : [name, event],
        ),
      ],
      [
        'where its content was announced once, but something else after it',
        [
          ...aStory(),
          ...aStory({ suffix: '-2', startMs: START_MS + 600_000, fingerprints: [1, 2] }),
          ...without(
            aStory({ suffix: '-3', startMs: START_MS + 1_200_000, fingerprints: [1] }),
            'put-3',
            'notice-3',
            'record-3',
          ),
        ],
      ],
      ['where its dead letter has no reason', [...DIED, ['dead', dead]]],
      [
        'where the reason is that of another message',
        [
          ...DIED,
          ['reason', { ...reason, text: '{"code":"session_mismatch","id":"other"}' }],
          ['dead', dead],
        ],
      ],
      [
        'where another message of its session is dead, which was there before',
        [...aDeadTwin(START_MS + 3_000, 'redrive'), ['reason', reasonOf('again')]],
      ],
      [
        'where another message of its session is dead, which came from another event',
        [...aDeadTwin(FETCH_MS + 60, 'webhook'), ['reason', reasonOf('again')]],
      ],
      [
        'where a message of another session was redriven and is dead',
        [...aDeadTwin(FETCH_MS + 60, 'redrive', 'session_other'), ['reason', reasonOf('again')]],
      ],
      [
        'where its dead letter was deleted and nothing stands in its place',
        [
          ...DIED,
          ['reason', reason],
          ['dead', dead],
          ['gone', { ...dead, type: 'message-deleted', queue: 'sessions-dlq' }],
        ],
      ],
    ])('%s', (_case, steps) => {
      expect(check('I1', steps)).not.toEqual([]);
    });
  });

  describe('an accepted event is not lost', () => {
    test.each<[string, Steps]>([
      ['where a twin of the same bucket was covered by the same fetch', withTwinInTime()],
      [
        'where the content equals what was announced last',
        [
          ...aStory(),
          ...without(aStory({ suffix: '-2', startMs: START_MS + 600_000 }), 'put-2', 'notice-2', 'record-2'),
        ],
      ],
      [
        'where what a redrive made of it is dead again',
        [...aDeadTwin(FETCH_MS + 60, 'redrive'), ['reason', reasonOf('again')]],
      ],
      [
        'where it waits in the dead-letter queue with a reason',
        [...DIED, ['reason', reason], ['dead', dead]],
      ],
      [
        'where nobody could tell the reason, because no receive of its own ever had an answer',
        [...changed(DIED, 'batch', { messageIds: ['other'] }), ['dead', dead]],
      ],
      ['where its removal was announced', removed(aRemovedRecord(FETCH_MS))],
      ['where Crisp has nothing and nothing was ever announced', removed(undefined)],
      [
        'where Crisp lost the message before the fetch',
        changed(
          inserted(aStory(), [['undone', crispHas([1], START_MS + 60_000)]], { before: 'received' }),
          'delivered',
          { fingerprint: 99 },
        ),
      ],
      [
        'where an answer that looks like a promise came with an error',
        changed(named('', aDelivery()), 'answered', { status: 503 }),
      ],
      [
        'where it was refused: nothing was promised',
        changed(named('', aDelivery()), 'answered', { status: 503, body: '{"error":"queue_unavailable"}' }),
      ],
    ])('%s', (_case, steps) => {
      expect(check('I1', steps)).toEqual([]);
    });
  });

  function withTwinInTime(): Steps {
    const late = { fingerprints: [1, 2] };
    return inserted(aStory(late), asTwin(TWIN), { before: 'received' });
  }

  /** It died, was taken out of the dead-letter queue, and another message died, too. */
  function aDeadTwin(sentMs: number, by: 'redrive' | 'webhook', sessionId?: string): Steps {
    const body = aBody(sessionId === undefined ? {} : { sessionId });
    const sent = {
      type: 'message-sent',
      atMs: sentMs,
      messageId: 'again',
      body,
      isDuplicate: false,
      by,
    } as const;
    const gone = { ...dead, type: 'message-deleted', queue: 'sessions-dlq' } as const;
    const steps: Steps = [
      ...DIED,
      ['dead', dead],
      ['gone', gone],
      ['dead again', { ...dead, messageId: 'again' }],
    ];
    return sentMs < dead.atMs
      ? inserted(steps, [['sent again', sent]], { before: 'received' })
      : inserted(steps, [['sent again', sent]], { after: 'dead' });
  }

  function reasonOf(messageId: string) {
    return { ...reason, text: `{"name":"job-failed","code":"session_mismatch","messageId":"${messageId}"}` };
  }

  /** Crisp answers 404; the removal is announced where there is a text for it. */
  function removed(body: string | undefined): Steps {
    const steps = changed(without(aStory(), 'messages', 'put', 'record'), 'conversation', {
      status: 404,
      body: '',
    });
    const announced = body === undefined ? without(steps, 'notice') : changed(steps, 'notice', { body });
    return inserted(announced, [['gone', crispHas(null, START_MS + 100)]], { before: 'received' });
  }
});

describe('a delivery was acknowledged too early', () => {
  test.each<[string, Steps]>([
    ['where the queue took its message after the answer', moved(aStory(), 'sent', { after: 'answered' })],
    ['where the queue never took a message', without(aStory(), 'sent')],
    [
      'where the answer names another message',
      changed(aStory(), 'answered', { body: '{"status":"queued","message_id":"other"}' }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I4', steps)).not.toEqual([]);
  });
});

describe('a delivery was not acknowledged too early', () => {
  const refused = { status: 503, body: '{"error":"queue_unavailable"}' };

  test.each<[string, Steps]>([
    [
      'where its send was repeated, and the repetition arrived behind the answer',
      inserted(
        aStory(),
        aStory().filter(([name]) => name === 'sent'),
        { after: 'answered' },
      ),
    ],
    ['where the queue took its message in the same ms', changed(aStory(), 'answered', { atMs: 0 })],
    [
      'where it was refused and the queue took it all the same',
      changed(moved(aStory(), 'sent', { after: 'answered' }), 'answered', refused),
    ],
    [
      'where it was ignored',
      changed(without(aStory(), 'sent'), 'answered', {
        status: 200,
        body: '{"status":"ignored","code":"no_session"}',
      }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I4', steps)).toEqual([]);
  });
});

describe('no early delete', () => {
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

  /** A second message of the session, accepted at a moment of the first bucket or of a later one, that fetched nothing. */
  const WITHOUT_FETCH = (startMs: number): Steps => [
    ...named('-2', aDelivery({ suffix: '-2', startMs })),
    ...aStory(),
    ...without(
      named('-2', aReceive({ suffix: '-2', startMs: START_MS + 20_000 })),
      ...['conversation-2', 'messages-2', 'put-2', 'notice-2', 'record-2'],
    ),
  ];

  /** The message of the first bucket is deleted without a fetch, after the one of another moment was sent. */
  const LEFT_OUT = ({ second, isLater = true }: { second: number; isLater?: boolean }): Steps => {
    const other = named('-2', aDelivery({ suffix: '-2', startMs: START_MS + second }));
    const own = named('', aDelivery());
    const out = named('', aReceive()).filter(([name]) => name === 'received' || name === 'deleted');
    return isLater ? [...own, ...other, ...out] : [...other, ...own, ...out];
  };

  describe('a message was deleted too early', () => {
    test.each<[string, Steps]>([
      ['where the other message of its session is due earlier', LEFT_OUT({ second: -60_000 })],
      ['where the other message of its session asks for no more', LEFT_OUT({ second: 30_000 })],
      [
        'where the other message of its session was sent before',
        LEFT_OUT({ second: 61_000, isLater: false }),
      ],
      [
        'where the fetch that shall have answered it began before its last event',
        WITHOUT_FETCH(START_MS + 73_000),
      ],
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
        inserted(DEAD, [['list', { type: 'operated', atMs: END_MS, action: 'dlq list' }]], {
          before: 'taken',
        }),
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
      ['where the fetch of another message began after each of its events', WITHOUT_FETCH(START_MS + 59_000)],
      ['where a later message of its session waits that is due no earlier', LEFT_OUT({ second: 61_000 })],
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
});

describe('one terminal state', () => {
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
});

describe('refused deaths', () => {
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
        changed(
          changed(changed(died(429), 'sent', { body: '{' }), 'received', { body: '{' }),
          'conversation',
          {
            route: 'website/people/profile',
            sessionKey: undefined,
          },
        ),
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
});
