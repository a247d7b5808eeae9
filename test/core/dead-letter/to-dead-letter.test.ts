import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReceivedDeadLetter } from '../../../lib/core/dead-letter/dead-letter.ts';
import { toDeadLetterJson } from '../../../lib/core/dead-letter/dead-letter-json.ts';
import { type DeadLetterEvidence, toDeadLetter } from '../../../lib/core/dead-letter/to-dead-letter.ts';
import type { WebsiteId } from '../../../lib/core/ids.ts';
import { encodeJob } from '../../../lib/core/job/encode-job.ts';
import type { FailureNote } from '../../../lib/core/retry/failure-note.ts';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';
import { aFailedRun, aRun } from '../../support/run-builders.ts';

const RETENTION_SECONDS = 14 * 24 * 3600;
const MOVED_MS = 1_790_856_000_000;
const BUCKET_MS = 1_790_855_940_000;
const BODY = encodeJob({
  ...aSession(),
  mode: 'incremental',
  bucketMs: BUCKET_MS,
  notBeforeMs: BUCKET_MS + 70_000,
});

function received(letter: Partial<ReceivedDeadLetter> = {}): ReceivedDeadLetter {
  return {
    messageId: 'message-1',
    receiptHandle: 'handle-1',
    body: BODY,
    receives: 21,
    sentMs: MOVED_MS,
    ...letter,
  };
}

function aNote(note: Partial<FailureNote> = {}): FailureNote {
  return {
    code: 'bad_response',
    detail: 'not_json',
    hint: 'text/html that looks like "aaa"',
    status: 200,
    failures: 5,
    isFinal: true,
    firstMs: MOVED_MS - 60_000,
    lastMs: MOVED_MS - 1000,
    ...note,
  };
}

function explain(
  evidence: Partial<DeadLetterEvidence>,
  letter: Partial<ReceivedDeadLetter> = {},
  onlyWebsiteId?: WebsiteId,
) {
  const nothing = { note: undefined, runs: [], isLedgerRead: true };
  return toDeadLetter(
    received(letter),
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
  expect(explain({ note: aNote({ code: 'crisp_unavailable', failures: 0, isFinal: false }) }).attempts).toBe(
    0,
  );
});

test('a dead letter expires when its retention, counted from the move, is over', () => {
  expect(explain({}).expiresMs).toBe(MOVED_MS + RETENTION_SECONDS * 1000);
  expect(explain({}, { sentMs: undefined })).toMatchObject({ deadSinceMs: undefined, expiresMs: undefined });
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

test('a body without a website may be another producer’s: that is no reason by itself', () => {
  const body = JSON.stringify({ session_id: 'session_a' });

  expect(explain({}, { body })).toMatchObject({
    session: undefined,
    reason: { code: 'max_receives_unreported' },
  });
});

test('a message of which no attempt was ever reported says so', () => {
  expect(explain({})).toMatchObject({ reason: { code: 'max_receives_unreported' }, attempts: 0 });
});

test('attempts without a reason, or a ledger that did not answer, are a reason that is not recorded', () => {
  const runs = [aRun({ outcome: 'held', attempt: 2, code: 'breaker_open' })];

  expect(explain({ runs })).toMatchObject({ reason: { code: 'reason_unrecorded' }, attempts: 2 });
  expect(explain({ isLedgerRead: false })).toMatchObject({
    reason: { code: 'reason_unrecorded' },
    attempts: 0,
  });
});

test('any body and any moment give a dead letter that can be written as JSON', () => {
  const moments = fc.option(fc.double({ noNaN: true, min: 0 }), { nil: undefined });
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .nat({ max: Number.MAX_SAFE_INTEGER })
      .map((bucketMs) =>
        JSON.stringify({ websiteId: WEBSITE_ID, sessionId: 'session_a', mode: 'full', bucketMs }),
      ),
  );
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

    expect(explain({}, { body }, aSession().websiteId)).toMatchObject({ session: aSession(), mode: 'full' });
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
