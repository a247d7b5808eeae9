import { describe, expect, test } from 'vitest';
import type { HistoryEvent } from './history.ts';
import {
  aBody,
  aDelivery,
  aFault,
  aReceive,
  aRemovedRecord,
  aStory,
  broken,
  changed,
  check,
  crispHas,
  FETCH_MS,
  inserted,
  kept,
  moved,
  named,
  only,
  START_MS,
  type Steps,
  unannounced,
  unfetched,
  without,
} from './stories.ts';

const END_MS = START_MS + 80_000;

function died(atMs: number) {
  const message = { queue: 'sessions', messageId: 'message', body: '', receiveCount: 20 } as const;
  return { type: 'message-dead-lettered', atMs, ...message } as const;
}

describe('no loss', () => {
  /** A second event of the same bucket: the queue took it for a twin of the first. */
  const TWIN = named('-2', aDelivery({ suffix: '-2', startMs: START_MS + 30_000, fingerprints: [1, 2] }));
  const asTwin = (twin: Steps) =>
    changed(twin, {
      'sent-2': { messageId: 'message', isDuplicate: true },
      'answered-2': { body: '{"status":"queued","message_id":"message"}' },
    });

  const dead = died(FETCH_MS + 40);
  const reason = {
    type: 'line-written',
    atMs: FETCH_MS + 35,
    by: 'consumer',
    text: '{"name":"job-failed","code":"session_mismatch","messageId":"message"}',
  } as const;
  const failed = (steps: Steps) => changed(steps, { batch: { failedIds: ['message'] } });
  const DIED = without(unannounced(failed(aStory())), 'deleted');

  broken('I1', {
    'where nothing was announced': unannounced(aStory()),
    'where its message was never received': [...named('', aDelivery())],
    'where the queue had no message for it': without(aStory(), 'sent'),
    'where the fetch started before it': [...without(aStory(), 'deleted'), ...asTwin(TWIN)].map(
      ([name, event]) =>
        // The first fetch as a leading-edge coalescer would start it: at once.
        name.endsWith('-2') || event.atMs < START_MS + 72_000
          ? [name, event]
          : [name, { ...event, atMs: event.atMs - 71_000 }],
    ),
    'where the record lacks its message, which Crisp had all along': inserted(
      aStory(),
      { also: crispHas([1, 2], START_MS) },
      { before: 'received' },
    ).map(([name, event]) =>
      name === 'delivered' ? [name, { ...event, fingerprint: 2 } as typeof event] : [name, event],
    ),
    'where its content was announced once, but something else after it': [
      ...aStory(),
      ...aStory({ suffix: '-2', startMs: START_MS + 600_000, fingerprints: [1, 2] }),
      ...unannounced(aStory({ suffix: '-3', startMs: START_MS + 1_200_000, fingerprints: [1] })),
    ],
    'where its dead letter has no reason': [...DIED, ['dead', dead]],
    'where the reason is that of another message': [
      ...DIED,
      ['reason', { ...reason, text: '{"code":"session_mismatch","id":"other"}' }],
      ['dead', dead],
    ],
    'where another message of its session is dead, which was there before': [
      ...aDeadTwin(START_MS + 3_000, 'redrive'),
      ['reason', reasonOf('again')],
    ],
    'where another message of its session is dead, which came from another event': [
      ...aDeadTwin(FETCH_MS + 60, 'webhook'),
      ['reason', reasonOf('again')],
    ],
    'where a message of another session was redriven and is dead': [
      ...aDeadTwin(FETCH_MS + 60, 'redrive', 'session_other'),
      ['reason', reasonOf('again')],
    ],
    'where its dead letter was deleted and nothing stands in its place': [
      ...DIED,
      ['reason', reason],
      ['dead', dead],
      ['gone', { ...dead, type: 'message-deleted', queue: 'sessions-dlq' }],
    ],
  });

  kept('I1', {
    'where a twin of the same bucket was covered by the same fetch': inserted(
      aStory({ fingerprints: [1, 2] }),
      asTwin(TWIN),
      { before: 'received' },
    ),
    'where the content equals what was announced last': [
      ...aStory(),
      ...unannounced(aStory({ suffix: '-2', startMs: START_MS + 600_000 })),
    ],
    'where what a redrive made of it is dead again': [
      ...aDeadTwin(FETCH_MS + 60, 'redrive'),
      ['reason', reasonOf('again')],
    ],
    'where it waits in the dead-letter queue with a reason': [...DIED, ['reason', reason], ['dead', dead]],
    'where nobody could tell the reason, because no receive of its own ever had an answer': [
      ...changed(DIED, { batch: { messageIds: ['other'] } }),
      ['dead', dead],
    ],
    'where its removal was announced': removed(aRemovedRecord(FETCH_MS)),
    'where Crisp has nothing and nothing was ever announced': removed(undefined),
    'where Crisp lost the message before the fetch': changed(
      inserted(aStory(), { undone: crispHas([1], START_MS + 60_000) }, { before: 'received' }),
      { delivered: { fingerprint: 99 } },
    ),
    'where an answer that looks like a promise came with an error': changed(named('', aDelivery()), {
      answered: { status: 503 },
    }),
    'where it was refused: nothing was promised': changed(named('', aDelivery()), {
      answered: { status: 503, body: '{"error":"queue_unavailable"}' },
    }),
  });

  /** It died, was taken out of the dead-letter queue, and another message died, too. */
  function aDeadTwin(sentMs: number, by: 'redrive' | 'webhook', sessionId?: string): Steps {
    const body = aBody(sessionId === undefined ? {} : { sessionId });
    const ids = { messageId: 'again', isDuplicate: false } as const;
    const sent = { type: 'message-sent', atMs: sentMs, body, by, ...ids } as const;
    const gone = { ...dead, type: 'message-deleted', queue: 'sessions-dlq' } as const;
    const steps: Steps = [
      ...DIED,
      ['dead', dead],
      ['gone', gone],
      ['dead again', { ...dead, messageId: 'again' }],
    ];
    return inserted(
      steps,
      { 'sent again': sent },
      sentMs < dead.atMs ? { before: 'received' } : { after: 'dead' },
    );
  }

  function reasonOf(messageId: string) {
    return { ...reason, text: `{"name":"job-failed","code":"session_mismatch","messageId":"${messageId}"}` };
  }

  /** Crisp answers 404; the removal is announced where there is a text for it. */
  function removed(body: string | undefined): Steps {
    const steps = changed(without(aStory(), 'messages', 'put', 'record'), {
      conversation: { status: 404, body: '' },
    });
    const announced = body === undefined ? without(steps, 'notice') : changed(steps, { notice: { body } });
    return inserted(announced, { gone: crispHas(null, START_MS + 100) }, { before: 'received' });
  }
});

describe('no early acknowledgement', () => {
  const refused = { status: 503, body: '{"error":"queue_unavailable"}' };

  broken('I4', {
    'where the queue took its message after the answer': moved(aStory(), 'sent', { after: 'answered' }),
    'where the queue never took a message': without(aStory(), 'sent'),
    'where the answer names another message': changed(aStory(), {
      answered: { body: '{"status":"queued","message_id":"other"}' },
    }),
  });

  kept('I4', {
    'where its send was repeated, and the repetition arrived behind the answer': inserted(
      aStory(),
      only(aStory(), 'sent'),
      { after: 'answered' },
    ),
    'where the queue took its message in the same ms': changed(aStory(), { answered: { atMs: 0 } }),
    'where it was refused and the queue took it all the same': changed(
      moved(aStory(), 'sent', { after: 'answered' }),
      { answered: refused },
    ),
    'where it was ignored': changed(without(aStory(), 'sent'), {
      answered: { status: 200, body: '{"status":"ignored","code":"no_session"}' },
    }),
  });
});

describe('no early delete', () => {
  const DEAD = [
    ...without(aStory(), 'deleted'),
    ['dead', died(END_MS)],
    ['taken', { ...died(END_MS + 10), type: 'message-deleted', queue: 'sessions-dlq' }],
  ] as const satisfies Steps;
  const sentAgain = (body = aBody()) => {
    const ids = { messageId: 'message-again', isDuplicate: false, by: 'redrive' } as const;
    return { again: { type: 'message-sent', atMs: END_MS + 5, body, ...ids } } as const;
  };
  const beforeTaken = (event: ReturnType<typeof sentAgain> | { op: HistoryEvent }) =>
    inserted(DEAD, event, { before: 'taken' });

  const unreadable = (steps: Steps): Steps =>
    steps.map(([name, event]) => [
      name,
      'body' in event && event.type.startsWith('message-') ? { ...event, body: '{' } : event,
    ]);

  /** The dead letter is one that nobody can read, and this was sent in its place. */
  const RUBBISH = (body: string): Steps => {
    return inserted(unreadable(DEAD), sentAgain(body), { before: 'taken' });
  };

  /** A second message of the session, accepted at a moment of the first bucket or of a later one, that fetched nothing. */
  const WITHOUT_FETCH = (startMs: number): Steps => [
    ...named('-2', aDelivery({ suffix: '-2', startMs })),
    ...aStory(),
    ...unfetched(named('-2', aReceive({ suffix: '-2', startMs: START_MS + 20_000 }))),
  ];

  /** The message of the first bucket is deleted without a fetch, after the one of another moment was sent. */
  const LEFT_OUT = ({ second, isLater = true }: { second: number; isLater?: boolean }): Steps => {
    const other = named('-2', aDelivery({ suffix: '-2', startMs: START_MS + second }));
    const own = named('', aDelivery());
    const out = only(named('', aReceive()), 'received', 'deleted');
    return isLater ? [...own, ...other, ...out] : [...other, ...own, ...out];
  };

  broken('I5', {
    'where the other message of its session is due earlier': LEFT_OUT({ second: -60_000 }),
    'where the other message of its session asks for no more': LEFT_OUT({ second: 30_000 }),
    'where the other message of its session was sent before': LEFT_OUT({ second: 61_000, isLater: false }),
    'where the fetch that shall have answered it began before its last event': WITHOUT_FETCH(
      START_MS + 73_000,
    ),
    'where the topic took its record afterwards': moved(aStory(), 'notice', { after: 'deleted' }),
    'where the topic never took it': without(aStory(), 'notice', 'record'),
    'where another receive of its session had announced, but its own did not even fetch': [
      ...aStory(),
      ...unfetched(named('-2', aReceive({ suffix: '-2', startMs: START_MS + 600_000 }))),
    ],
    'where it is one that nobody could read': unreadable(aStory()),
    'where a dead letter was taken away and nothing was sent': DEAD,
    'where another dead letter was sent again': beforeTaken(sentAgain(aBody({ sessionId: 'session_other' }))),
    'where a person had dropped something before it died': inserted(
      DEAD,
      { drop: { type: 'operated', atMs: 0, action: 'drop' } },
      { before: 'dead' },
    ),
    'where a person did something else': beforeTaken({
      op: { type: 'operated', atMs: END_MS, action: 'dlq list' },
    }),
    'where rubbish was taken away and other rubbish was sent': RUBBISH('{"a"'),
    'where a dead letter was taken away before it was sent again': inserted(DEAD, sentAgain(), {
      after: 'taken',
    }),
  });

  kept('I5', {
    'where the topic had its record in the same ms': changed(aStory(), { deleted: { atMs: 0 } }),
    'where its content was what had been announced': [
      ...aStory(),
      ...unannounced(aStory({ suffix: '-2', startMs: START_MS + 600_000 })),
    ],
    'where a dead letter was sent again before it was taken away': beforeTaken(sentAgain()),
    'where the fetch of another message began after each of its events': WITHOUT_FETCH(START_MS + 59_000),
    'where a later message of its session waits that is due no earlier': LEFT_OUT({ second: 61_000 }),
    'where rubbish was sent again as it was': RUBBISH('{'),
    'where a person dropped a dead letter': beforeTaken({
      op: { type: 'operated', atMs: END_MS + 5, action: 'drop message' },
    }),
  });
});

describe('one terminal state', () => {
  const removal = (atMs: number) => ({ type: 'notice-published', atMs, body: aRemovedRecord(atMs) }) as const;
  const TOLD_ONCE = changed(without(aStory(), 'put', 'record'), {
    notice: { body: aRemovedRecord(START_MS) },
  });

  broken('I2', {
    'where it was acknowledged and dead-lettered': [...aStory(), ['dead', died(END_MS)]],
    'where it was received again after its acknowledgement': [
      ...aStory(),
      ['again', { ...died(END_MS), type: 'message-received' }],
    ],
    'where it was acknowledged twice': [...aStory(), ['again', { ...died(END_MS), type: 'message-deleted' }]],
    'where its removal is told again after it was known': [...TOLD_ONCE, ['again', removal(END_MS)]],
  });

  kept('I2', {
    'where it was received twice before its acknowledgement': inserted(
      aStory(),
      { again: { ...died(END_MS), type: 'message-received' } },
      { before: 'deleted' },
    ),
    'where it was dead-lettered and nothing else': [...without(aStory(), 'deleted'), ['dead', died(END_MS)]],
    'where its removal was told again because its first telling was not acknowledged': moved(
      [...TOLD_ONCE, ['again', removal(END_MS)]],
      'deleted',
      { after: 'again' },
    ),
  });
});

describe('refused deaths', () => {
  const FAILED = changed(without(unannounced(aStory()), 'deleted'), { batch: { failedIds: ['message'] } });
  const SECOND_RECEIVE = new Set(['received', 'conversation', 'messages', 'batch']);

  /** Crisp answered the conversation with this status, and the message died. */
  const refused = (status: number): Steps => [
    ...changed(FAILED, { conversation: { status, body: '' } }),
    ['dead', died(END_MS)],
  ];

  test.each([401, 420, 422, 423, 429])('broken where Crisp answered nothing worse than %i', (status) => {
    expect(check('I6', refused(status))).toHaveLength(1);
  });

  test('broken where Crisp failed for another session alone', () => {
    const steps = inserted(
      refused(429),
      only(aStory({ suffix: '-2', sessionId: 'session_other' }), 'conversation-2').map(([name, event]) => [
        name,
        { ...event, status: 500 } as typeof event,
      ]),
      { before: 'batch' },
    );

    expect(check('I6', steps).filter((text) => text.includes('died'))).toHaveLength(1);
  });

  kept('I6', {
    'where Crisp failed': refused(500),
    'where nobody could read it, while Crisp refused a profile': changed(refused(429), {
      sent: { body: '{' },
      received: { body: '{' },
      conversation: { route: 'website/people/profile', sessionKey: undefined },
    }),
    'where Crisp forbade it': refused(403),
    'where an answer was broken': changed(refused(429), { messages: { fault: 'F43' } }),
    'where Crisp answered everything': [...FAILED, ['dead', died(END_MS)]],
    'where everything was answered in another receive, and nothing came of it': [
      ...changed(FAILED, { conversation: { status: 429, body: '' } }),
      ...FAILED.filter(([name]) => SECOND_RECEIVE.has(name)).map(
        ([name, event]) => [`${name} again`, { ...event, atMs: event.atMs + 5_000 }] as const,
      ),
      ['dead', died(END_MS)],
    ],
    'where it still waits': without(refused(429), 'dead'),
    'where something else was disturbed': inserted(
      refused(429),
      { fault: aFault('F5', 'queue', END_MS) },
      { before: 'batch' },
    ),
    'where one of its receives has no answer': changed(refused(429), { batch: { failedIds: undefined } }),
  });
});
