import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DeadLetter } from '../../lib/dead-letters/dead-letter.ts';
import { listRecordVersions } from '../../lib/operate/sessions.ts';
import { type SessionFacts, toTimeline } from '../../lib/operate/timeline.ts';
import { type Latest, toArchiveKey } from '../../lib/record/archive.ts';
import { aFailedRun, aRun, aSession } from '../support/builders.ts';
import { startEmbeddedAws } from '../support/embedded-aws.ts';

const T0 = 1_790_856_000_000;
const at = (seconds: number) => T0 + seconds * 1000;

const NOTHING: SessionFacts = {
  ...{ runs: [], latest: undefined, versions: [], redrivenMs: [], deadLetters: [], sent: [], hooks: [] },
};

function story(facts: Partial<SessionFacts>) {
  return toTimeline({ ...NOTHING, ...facts }).map(({ atMs, kind }) => [(atMs - T0) / 1000, kind]);
}

function aLatest(latest: Partial<Latest> = {}): Latest {
  const said = { version: at(70), content_hash: 'sha256:0', announced: true, updated_at: null };
  return { kind: 'conversation.enriched', ...said, ...latest };
}

function aDeadLetter(): DeadLetter {
  return {
    messageId: 'message-1',
    session: aSession(),
    sessionId: aSession().sessionId,
    mode: 'full',
    reason: { code: 'bad_response', detail: 'truncated', stage: 'fetch', hint: undefined, status: 200 },
    attempts: 3,
    receives: 20,
    firstFailedMs: at(10),
    lastFailedMs: at(30),
    requestedMs: T0,
    deadSinceMs: at(40),
    expiresMs: at(1_209_640),
    body: '{}',
  };
}

describe('the timeline of a session', () => {
  test('has nothing of a session of which nothing is known', () => expect(toTimeline(NOTHING)).toEqual([]));

  test('tells a record from its hooks on: queued, joined, fetched, announced', () => {
    const entries = toTimeline({
      ...NOTHING,
      hooks: [
        { atMs: at(5), event: 'message:send', messageId: 'message-1' },
        { atMs: at(0), event: 'message:send', messageId: 'message-1' },
        { atMs: at(6), event: 'session:set_state', messageId: 'message-2' },
      ],
      runs: [
        aRun({ messageId: 'message-1', queuedMs: at(0), startedMs: at(70), durationMs: 400, apiCalls: 3 }),
        aRun({ messageId: 'message-2', queuedMs: at(6), startedMs: at(70), durationMs: 400, apiCalls: 3 }),
      ],
      latest: aLatest(),
      versions: [at(70)],
    });

    expect(entries).toEqual([
      { atMs: at(0), kind: 'hook', words: 'message:send, queued', messageId: 'message-1' },
      { atMs: at(5), kind: 'hook', words: 'message:send, joined what was queued', messageId: 'message-1' },
      { atMs: at(6), kind: 'hook', words: 'session:set_state, queued', messageId: 'message-2' },
      { atMs: at(70), kind: 'fetched', words: 'fetched', calls: 3, durationMs: 400, messageId: 'message-1' },
      { atMs: at(70), kind: 'coalesced', words: 'answered by the same fetch', messageId: 'message-2' },
      {
        atMs: at(70.4),
        kind: 'announced',
        words: 'announced to every consumer',
        version: at(70),
        messageId: 'message-1',
      },
    ]);
  });

  test('without the hooks, a message is queued once, when SQS took it', () => {
    const runs = [
      aRun({ queuedMs: at(0), startedMs: at(70) }),
      aFailedRun({ queuedMs: at(0), startedMs: at(10) }),
    ];

    expect(story({ runs }).filter(([, kind]) => kind === 'queued')).toEqual([[0, 'queued']]);
  });

  test('tells a poisoned message from its first attempt to the record after a redrive', () => {
    const dead = { messageId: 'message-1', requestId: 'a', delaySeconds: 4, durationMs: 0 };
    const facts = {
      runs: [
        aFailedRun({ ...dead, startedMs: at(10), attempt: 1 }),
        aFailedRun({ ...dead, startedMs: at(14), attempt: 2, outcome: 'dead', delaySeconds: 0 }),
      ],
      deadLetters: [aDeadLetter()],
    };
    const redriven = {
      runs: [...facts.runs, aRun({ messageId: 'message-9', queuedMs: at(100), startedMs: at(170) })],
      versions: [at(170)],
      latest: aLatest({ version: at(170) }),
      redrivenMs: [at(100.4)],
    };

    expect(toTimeline({ ...NOTHING, ...facts })).toMatchObject([
      {
        kind: 'failed',
        words: 'attempt 1 failed in fetch, HTTP 200 (text/html that looks like "aaa")',
        code: 'bad_response:not_json',
        nextMs: at(14),
      },
      { kind: 'dead', words: expect.stringContaining('attempt 2 failed for good in fetch') },
      {
        atMs: at(40),
        kind: 'dead-lettered',
        words: 'waits in the dead-letter queue after 3 attempts',
        code: 'bad_response:truncated',
        nextMs: at(1_209_640),
      },
    ]);
    expect(story(redriven)).toEqual([
      [10, 'failed'],
      [14, 'dead'],
      [100, 'redriven'],
      [100, 'queued'],
      [170, 'fetched'],
      [170.25, 'announced'],
    ]);
  });

  test('what is redriven seconds after it was first queued stands before what the redrive sent', () => {
    const runs = [
      aRun({ messageId: 'message-1', queuedMs: at(100), startedMs: at(103), outcome: 'dead' }),
      aRun({ messageId: 'message-2', queuedMs: at(106), startedMs: at(109) }),
    ];

    const expected = [...['queued', 'dead'], ...['redriven', 'queued', 'fetched', 'announced']];
    expect(story({ runs, redrivenMs: [at(106.2)] }).map(([, kind]) => kind)).toEqual(expected);
  });

  test.each([
    ['covered', {}, 'needs no call: the record that was announced last answers it'],
    ['superseded', {}, 'needs no call: a later message is fetched in its place'],
    ['held', { code: 'breaker_open' }, 'held: the breaker is open, or the queue is paused'],
    ['deferred', { code: 'stale_read' }, 'put off'],
    [
      'deferred',
      { code: 'crisp_rate_limited', stage: 'fetch', status: 429 },
      'put off in fetch, HTTP 429, which spends no attempt',
    ],
  ] as const)('each message that is %s %j has a line of its own', (outcome, run, words) => {
    const both = ['message-1', 'message-2'].map((messageId) => aRun({ messageId, outcome, ...run }));

    expect(toTimeline({ ...NOTHING, runs: both })).toMatchObject([
      { kind: outcome, words, messageId: 'message-1' },
      { kind: outcome, words, messageId: 'message-2' },
    ]);
  });

  test('what was found unchanged names the version that it equals', () => {
    const runs = [aRun({ outcome: 'unchanged', startedMs: at(200) })];

    expect(toTimeline({ ...NOTHING, runs, versions: [at(70), at(90)], latest: aLatest() })).toMatchObject([
      { kind: 'announced', version: at(70) },
      { kind: 'announced', version: at(90) },
      { kind: 'unchanged', version: at(90) },
    ]);
  });

  test('a record that is archived and not announced yet is told apart', () => {
    const latest = aLatest({ announced: false });

    const expected = [
      [60, 'announced'],
      [70, 'archived'],
    ];
    expect(story({ versions: [at(60), at(70)], latest })).toEqual(expected);
  });

  test('a removal is one, also where its run is no longer known', () => {
    const latest = aLatest({ kind: 'conversation.removed' });
    const run = aRun({ outcome: 'removed', startedMs: at(70), durationMs: 100 });

    expect(story({ versions: [at(70)], latest })).toEqual([[70, 'removed']]);
    const expected = [
      [70, 'fetched'],
      [70.1, 'removed'],
    ];
    expect(story({ versions: [at(70)], latest, runs: [run] })).toEqual(expected);
  });

  test('what happened at one moment stands in the order in which it did', () => {
    const run = aRun({ queuedMs: at(70), startedMs: at(70), durationMs: 0 });
    const facts = { runs: [run], versions: [at(70)], latest: aLatest(), redrivenMs: [at(70)] };
    expect(story(facts).map(([, kind]) => kind)).toEqual(['redriven', 'queued', 'fetched', 'announced']);
  });

  test('a message that no run has answered yet waits, and says until when', () => {
    const sent = [
      { mode: 'incremental', sequenceNumber: 1n, notBeforeMs: at(70) },
      { mode: 'full', sequenceNumber: 2n, notBeforeMs: at(130) },
    ] as const;
    const runs = [aRun({ startedMs: at(71) })];

    expect(toTimeline({ ...NOTHING, sent, runs }).at(-1)).toEqual({
      atMs: at(130),
      kind: 'waiting',
      words: 'waits for its full fetch',
      nextMs: at(130),
    });
    expect(story({ sent, runs }).filter(([, kind]) => kind === 'waiting')).toHaveLength(1);
  });
});

test('the versions of a session are read from the archive, of no other, and from a moment on', async () => {
  const aws = await startEmbeddedAws();
  onTestFinished(aws.stop);
  await aws.s3.send(new CreateBucketCommand({ Bucket: 'archive' }));
  const keys = [1, 2, 3].map((second) => toArchiveKey(aSession('session_a'), at(second)));
  for (const Key of [...keys, toArchiveKey(aSession('session_ab'), at(2))])
    await aws.s3.send(new PutObjectCommand({ Bucket: 'archive', Key, Body: '{}' }));
  const list = (sinceMs: number) =>
    listRecordVersions({ s3: aws.s3, bucket: 'archive' }, aSession('session_a'), sinceMs);

  expect(await list(0)).toEqual([at(1), at(2), at(3)]);
  expect(await list(at(2))).toEqual([at(2), at(3)]);
});
