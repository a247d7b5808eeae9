import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DeadLetter,
  type DeadLetterEvidence,
  type ReceivedDeadLetter,
  toDeadLetter,
  toDeadLetterJson,
} from '../../lib/dead-letters/dead-letter.ts';
import {
  createDeadLetterGroups,
  type DeadLetterFilter,
  isUnfiltered,
  matchesFilter,
  parseCodeFilter,
} from '../../lib/dead-letters/filter.ts';
import type { WebsiteId } from '../../lib/ids.ts';
import type { FailureNote } from '../../lib/ledger/failure-notes.ts';
import { encodeJob } from '../../lib/queue/job.ts';
import { aFailedRun, aRun, aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';

describe('to dead letter', () => {
  const RETENTION_SECONDS = 14 * 24 * 3600;
  const MOVED_MS = 1_790_856_000_000;
  const BUCKET_MS = 1_790_855_940_000;
  const BODY = encodeJob({
    ...aSession(),
    mode: 'incremental',
    bucketMs: BUCKET_MS,
    notBeforeMs: BUCKET_MS + 70_000,
  });

  const RECEIVED = {
    messageId: 'message-1',
    receiptHandle: 'handle-1',
    body: BODY,
    receives: 21,
    sentMs: MOVED_MS,
  };

  const aNote = (note: Partial<FailureNote> = {}): FailureNote => ({
    ...{ code: 'bad_response', detail: 'not_json', hint: 'text/html that looks like "aaa"', status: 200 },
    ...{ failures: 5, isFinal: true, firstMs: MOVED_MS - 60_000, lastMs: MOVED_MS - 1000 },
    ...note,
  });

  function explain(
    evidence: Partial<DeadLetterEvidence>,
    letter: Partial<ReceivedDeadLetter> = {},
    onlyWebsiteId?: WebsiteId,
  ) {
    const nothing = { note: undefined, runs: [], isLedgerRead: true };
    return toDeadLetter(
      { ...RECEIVED, ...letter },
      { ...nothing, ...evidence },
      { retentionSeconds: RETENTION_SECONDS, onlyWebsiteId },
    );
  }

  test('a noted failure is the reason, with its attempts and times', () => {
    const letter = explain({ note: aNote() });

    expect(letter).toMatchObject({
      session: aSession(),
      mode: 'incremental',
      reason: { code: 'bad_response', detail: 'not_json', stage: 'fetch', status: 200 },
      attempts: 5,
      receives: 21,
      firstFailedMs: MOVED_MS - 60_000,
      lastFailedMs: MOVED_MS - 1000,
      requestedMs: BUCKET_MS,
    });
  });

  test('a permanent failure was an attempt, though it spends none', () => {
    expect(explain({ note: aNote({ code: 'crisp_forbidden', failures: 0 }) }).attempts).toBe(1);
    expect(
      explain({ note: aNote({ code: 'crisp_unavailable', failures: 0, isFinal: false }) }).attempts,
    ).toBe(0);
  });

  test('a dead letter expires when its retention, counted from the move, is over', () => {
    expect(explain({}).expiresMs).toBe(MOVED_MS + RETENTION_SECONDS * 1000);
    const expected = { deadSinceMs: undefined, expiresMs: undefined };
    expect(explain({}, { sentMs: undefined })).toMatchObject(expected);
  });

  test('where the note is gone, the newest run that failed is the reason', () => {
    const runs = [
      aRun({ outcome: 'deferred', attempt: 3, code: 'not_due', startedMs: 3000 }),
      aFailedRun({ attempt: 2, startedMs: 2000 }),
      aFailedRun({ attempt: 1, code: 'crisp_timeout', startedMs: 1000 }),
    ];

    expect(explain({ runs })).toMatchObject({
      reason: { code: 'bad_response', detail: 'not_json', stage: 'fetch', status: 200 },
      attempts: 3,
      firstFailedMs: 1000,
      lastFailedMs: 3000,
    });
  });

  test('a body that no consumer can read is its own reason, whether it was written down or not', () => {
    const expected = { session: undefined, reason: { code: 'malformed_message', stage: 'decode' } };
    expect(explain({}, { body: 'not a job' })).toMatchObject(expected);
    expect(explain({ isLedgerRead: false }, { body: 'not a job' })).toMatchObject(expected);
  });

  const unknown = { reason: { code: 'reason_unrecorded' } };
  const unreported = { reason: { code: 'max_receives_unreported' } };
  const held = [aRun({ outcome: 'held', attempt: 2, code: 'breaker_open' })];
  test.each<[string, Partial<DeadLetterEvidence>, Partial<ReceivedDeadLetter>, object]>([
    [
      'a body without a website may be another producer’s: that is no reason by itself',
      {},
      { body: '{"session_id":"session_a"}' },
      { session: undefined, ...unreported },
    ],
    ['a message of which no attempt was ever reported says so', {}, {}, { ...unreported, attempts: 0 }],
    [
      'attempts without a reason are one that is not recorded',
      { runs: held },
      {},
      { ...unknown, attempts: 2 },
    ],
    ['so is one that the ledger did not tell', { isLedgerRead: false }, {}, { ...unknown, attempts: 0 }],
  ])('%s', (_title, evidence, letter, expected) => expect(explain(evidence, letter)).toMatchObject(expected));

  test('any body and any moment give a dead letter that can be written as JSON', () => {
    const moments = fc.option(fc.double({ noNaN: true, min: 0 }), { nil: undefined });
    const toJob = (bucketMs: number) => JSON.stringify({ ...aSession(), mode: 'full', bucketMs });
    const bodies = fc.oneof(fc.string(), fc.json(), fc.nat({ max: Number.MAX_SAFE_INTEGER }).map(toJob));
    fc.assert(
      fc.property(bodies, moments, (body, sentMs) => {
        const json = toDeadLetterJson(explain({}, { body, sentMs }));

        expect(JSON.parse(JSON.stringify(json))).toEqual(json);
      }),
    );
  });

  test.each(['sessionId', 'session_id'])(
    'a body that names only its session, by %s, is of the only website',
    (name) => {
      const body = JSON.stringify({ [name]: aSession().sessionId });
      const expected = { session: aSession(), mode: 'full' };
      expect(explain({}, { body }, aSession().websiteId)).toMatchObject(expected);
    },
  );

  test('where there are several websites it is of none, and its session is known all the same', () => {
    const body = JSON.stringify({ sessionId: aSession().sessionId });
    const letter = explain({}, { body });
    expect(letter).toMatchObject({ session: undefined, sessionId: aSession().sessionId });
    expect(toDeadLetterJson(letter)).toMatchObject({ website_id: null, session_id: aSession().sessionId });
  });

  test('a website that the body names counts before the only one', () => {
    const websiteId = '11111111-2222-4333-8444-555555555555';
    const body = JSON.stringify({ sessionId: aSession().sessionId, websiteId });
    expect(explain({}, { body }, aSession().websiteId).session?.websiteId).toBe(websiteId);
  });
});

describe('dead letter filter', () => {
  const MOVED_MS = 1_790_856_000_000;

  function aDeadLetter(code = 'bad_response:not_json'): DeadLetter {
    const body = JSON.stringify({ v: 1, ...aSession('session_a'), mode: 'full', bucketMs: 0 });
    return toDeadLetter(
      { messageId: 'message-1', receiptHandle: 'handle', body, receives: 21, sentMs: MOVED_MS },
      { note: undefined, runs: [aFailedRun({ code })], isLedgerRead: true },
      { retentionSeconds: 60 },
    );
  }

  const { websiteId, sessionId } = aSession('session_a');
  const other = aSession('session_b', OTHER_WEBSITE_ID);
  const code = (text: string) => ({ code: parseCodeFilter(text) });

  test.each<[string, DeadLetterFilter]>([
    ['nothing', {}],
    ['its id', { messageIds: ['message-2', 'message-1'] }],
    ['its code', code('bad_response')],
    ['its code with the detail', code('bad_response:not_json')],
    ['the beginning of its code', code('bad_*')],
    ['the beginning of its detail', code('bad_response:not*')],
    ['the part of the work that failed', { stage: 'fetch' }],
    ['its website', { websiteId }],
    ['its session', { websiteId, sessionId }],
    ['a range that holds its death', { sinceMs: MOVED_MS, beforeMs: MOVED_MS + 1 }],
  ])('a dead letter matches %s', (_what, filter) => expect(matchesFilter(aDeadLetter(), filter)).toBe(true));

  test.each<[string, DeadLetterFilter]>([
    ['other ids', { messageIds: ['message-2'] }],
    ['a part of its code', code('bad_resp')],
    ['another detail', code('bad_response:truncated')],
    ['another beginning', code('crisp_*')],
    ['another part of the work', { stage: 'announce' }],
    ['another website', { websiteId: other.websiteId }],
    ['another session', { sessionId: other.sessionId }],
    ['a later time', { sinceMs: MOVED_MS + 1 }],
    ['an earlier time', { beforeMs: MOVED_MS }],
    ['one of two things', { websiteId, stage: 'announce' }],
  ])('a dead letter does not match %s', (_what, filter) => {
    expect(matchesFilter(aDeadLetter(), filter)).toBe(false);
  });

  test('a letter whose age nobody knows is in no range', () => {
    const letter = { ...aDeadLetter(), deadSinceMs: undefined };
    expect(matchesFilter(letter, { sinceMs: 0 })).toBe(false);
    expect(matchesFilter(letter, { beforeMs: Number.MAX_SAFE_INTEGER })).toBe(false);
  });

  test.each(['(a+)+$', '*', 'a*b', 'Bad', '', ' a', 'a b', 'a\n', '.*'])(
    '%j is no filter for codes',
    (text) => expect(parseCodeFilter(text)).toBeUndefined(),
  );

  test('a filter without any part admits all, and one with a part does not', () => {
    expect(isUnfiltered({})).toBe(true);
    expect(isUnfiltered({ code: undefined, websiteId: undefined })).toBe(true);
    expect(isUnfiltered({ sinceMs: 0 })).toBe(false);
    expect(isUnfiltered({ messageIds: [] })).toBe(false);
  });
});

describe('dead letter groups', () => {
  function aDeadLetter(code: string, sentMs: number | undefined): DeadLetter {
    const received = { messageId: 'm', receiptHandle: 'h', body: '{}', receives: 20, sentMs };
    return toDeadLetter(
      received,
      { note: undefined, runs: [aFailedRun({ code })], isLedgerRead: true },
      { retentionSeconds: 60 },
    );
  }

  test('dead letters are counted by code, whatever their detail, the largest group first', () => {
    const groups = createDeadLetterGroups();
    for (const [code, sentMs] of [
      ['crisp_forbidden', 5000],
      ['bad_response:not_json', 3000],
      ['bad_response:truncated', 2000],
      ['bad_response', undefined],
    ] as const) {
      groups.add(aDeadLetter(code, sentMs));
    }

    expect(groups.list()).toEqual([
      { code: 'bad_response', count: 3, oldestMs: 2000, expiresMs: 62_000 },
      { code: 'crisp_forbidden', count: 1, oldestMs: 5000, expiresMs: 65_000 },
    ]);
  });
});
