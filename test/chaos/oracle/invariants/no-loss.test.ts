import { describe, expect, test } from 'vitest';
import { aRemovedRecord, SESSION_KEY } from '../stories/a-record.ts';
import { aBody, aDelivery, aStory, named, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, type Steps, without } from '../stories/steps.ts';

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
      [...DIED, ['reason', { ...reason, text: '{"code":"session_mismatch","id":"other"}' }], ['dead', dead]],
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
    ['where it waits in the dead-letter queue with a reason', [...DIED, ['reason', reason], ['dead', dead]]],
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
