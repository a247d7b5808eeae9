import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import { parseWebsiteId } from '../../lib/ids.ts';
import { toCoalescedJob } from '../../lib/queue/coalesce.ts';
import { type DecodeJobOptions, decodeJob, encodeJob, type SessionJob } from '../../lib/queue/job.ts';
import { POISON } from '../bad-inputs/queue-messages.ts';
import { aSession, OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';

const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
const BUCKET_MS = 1_790_856_000_000;
const DUE_MS = BUCKET_MS + 70_000;
const YEAR_MS = 31_536_000_000;
const ids = { websiteId: WEBSITE_ID, sessionId: 'session_abc' };

function decode(body: unknown, options: Partial<DecodeJobOptions> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return decodeJob(text, { coalesce, ...options });
}

const anyJob = fc
  .record({
    session: fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/).map((name) => aSession(`session_${name}`)),
    mode: fc.constantFrom('incremental' as const, 'full' as const),
    nowMs: fc.integer({ min: 1_700_000_000_000, max: 4_000_000_000_000 }),
  })
  .map(({ session, mode, nowMs }) => toCoalescedJob(session, mode, nowMs, coalesce).job);

test('decoding gives back what was encoded', () => {
  fc.assert(
    fc.property(anyJob, (job) => {
      expect(decode(encodeJob(job))).toEqual({ job });
    }),
  );
});

test('a job that is due now comes back as one', () => {
  const job: SessionJob = { ...aSession(), mode: 'full' };

  expect(decode(encodeJob(job))).toEqual({ job });
});

test('any text gives a job with ids that hold, or a JobError, and nothing else', () => {
  const anyValue = fc.oneof(fc.jsonValue(), fc.constantFrom(WEBSITE_ID, 'session_abc', '..', 'full', 1));
  const anyMessage = fc.record(
    {
      v: anyValue,
      websiteId: anyValue,
      session_id: anyValue,
      sessionId: anyValue,
      mode: anyValue,
      bucketMs: anyValue,
      notBeforeMs: anyValue,
    },
    { requiredKeys: [] },
  );

  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        anyMessage.map((message) => JSON.stringify(message)),
      ),
      (body) => {
        try {
          const { job } = decode(body, { onlyWebsiteId: parseWebsiteId(WEBSITE_ID) });
          expect(job.sessionId).toMatch(/^session_[\w-]{1,64}$/);
          expect(job.websiteId).toMatch(/^[0-9a-f-]{36}$/);
        } catch (error) {
          if (!(error instanceof JobError)) throw error;
          expect(error.disposition).toBe('permanent');
        }
      },
    ),
    { numRuns: 1000 },
  );
});

for (const [row, title, reason, body] of POISON) {
  test(`${row} ${title} is ${reason}, and no attempt can help`, () => {
    const error = catchJobError(() => decode(body));

    expect(error).toMatchObject({ reason, disposition: 'permanent' });
  });
}

test('Q12 of a malformed message its shape is shown, clipped, and not a word of it', () => {
  const error = catchJobError(() => decode(`{"from": "ada@example.com", ${'x'.repeat(5000)}`));

  expect(error?.hint).toContain('5028 characters that look like "{"aaaa": "aaa@aaaaaaa.aaa", aaa');
  expect(error?.hint?.length).toBeLessThan(300);
});

test('Q2 Q5 a poison message from elsewhere comes with a hint how to end it', () => {
  const foreign = POISON.filter(([row]) => row === 'Q2' || row === 'Q5');

  const hints = foreign.map(([, , , body]) => catchJobError(() => decode(body))?.hint);

  expect(hints).toHaveLength(5);
  expect(hints.every(Boolean)).toBe(true);
});

test("Q3 Crisp's own spelling of the ids is understood", () => {
  const { job } = decode({ website_id: WEBSITE_ID.toUpperCase(), session_id: 'session_abc' });

  expect(job).toEqual({ ...ids, mode: 'full' });
});

test('Q3 a message without a website belongs to the only one there is', () => {
  const { job } = decode({ sessionId: 'session_abc' }, { onlyWebsiteId: parseWebsiteId(OTHER_WEBSITE_ID) });

  expect(job.websiteId).toBe(OTHER_WEBSITE_ID);
});

test('Q10 unknown fields change nothing', () => {
  const { job } = decode({
    ...ids,
    v: 1,
    mode: 'incremental',
    bucketMs: BUCKET_MS,
    notBeforeMs: DUE_MS,
    trace: [1],
  });

  expect(job).toEqual({ ...ids, mode: 'incremental', bucketMs: BUCKET_MS, notBeforeMs: DUE_MS });
});

const dueNow: Record<string, object> = {
  'without a mode': { bucketMs: BUCKET_MS, notBeforeMs: DUE_MS },
  'with an unknown mode': { mode: 'partial', bucketMs: BUCKET_MS, notBeforeMs: DUE_MS },
  'without a bucket': { mode: 'incremental', notBeforeMs: DUE_MS },
  'with a bucket that is text': { mode: 'incremental', bucketMs: '1790856000000', notBeforeMs: DUE_MS },
  'with a bucket before time began': { mode: 'incremental', bucketMs: -1, notBeforeMs: DUE_MS },
};

for (const [title, fields] of Object.entries(dueNow)) {
  test(`Q9 a message ${title} is fetched in full, now`, () => {
    expect(decode({ v: 1, ...ids, ...fields })).toEqual({ job: { ...ids, mode: 'full' } });
  });
}

const moments: readonly (readonly [
  title: string,
  notBeforeMs: unknown,
  expectedMs: number,
  suspectMs?: number,
])[] = [
  ['at the end of bucket and margin', DUE_MS, DUE_MS],
  ['earlier, as under a smaller margin', DUE_MS - 5000, DUE_MS - 5000],
  ['missing', undefined, DUE_MS],
  ['a moment later than the configured window', DUE_MS + 1, DUE_MS, 1],
  ['ten minutes after the bucket began', BUCKET_MS + 600_000, DUE_MS, BUCKET_MS + 600_000 - DUE_MS],
  ['a year ahead', DUE_MS + YEAR_MS, DUE_MS, YEAR_MS],
  ['no number', 'soon', DUE_MS, 0],
  ['null', null, DUE_MS, 0],
  ['negative', -1, DUE_MS, 0],
];

for (const [title, notBeforeMs, expectedMs, clockSuspectMs] of moments) {
  test(`Q8 a notBeforeMs that is ${title} means ${expectedMs - BUCKET_MS} ms after the bucket began`, () => {
    const decoded = decode({ v: 1, ...ids, mode: 'incremental', bucketMs: BUCKET_MS, notBeforeMs });

    expect(decoded.job.notBeforeMs).toBe(expectedMs);
    expect(decoded.clockSuspectMs).toBe(clockSuspectMs);
  });
}

test('Q15 a hook whose producer names the session itself is a message like any other', () => {
  const { job } = decode({ ...ids, event: 'message:send', data: {} });

  expect(job).toEqual({ ...ids, mode: 'full' });
});

test('Q8 a longer bucket whose twins SQS drops is waited for, up to its end and the configured margin', () => {
  const longer = { coalesceSeconds: 300, marginSeconds: 10 };
  const { job, deduplicationId } = toCoalescedJob(aSession(), 'incremental', BUCKET_MS, longer);
  const { deduplicationId: ofAnother } = toCoalescedJob(aSession(), 'incremental', BUCKET_MS - 1, longer);
  const dueFor = (id?: string) => decode(encodeJob(job), { deduplicationId: id }).job.notBeforeMs;

  expect(dueFor(deduplicationId)).toBe(job.notBeforeMs);
  expect([dueFor(ofAnother), dueFor('999:1:x'), dueFor(`999:${job.bucketMs}:x`), dueFor()]).toEqual([
    ...[job.bucketMs + 70_000, job.bucketMs + 70_000, job.notBeforeMs, job.bucketMs + 70_000],
  ]);
});

test('Q8 a sender whose clock runs a year ahead cannot hold a message longer than a bucket and the margin', () => {
  const { job } = toCoalescedJob(aSession(), 'incremental', BUCKET_MS + YEAR_MS, coalesce);

  const decoded = decode(encodeJob(job), { sentMs: BUCKET_MS });

  expect(decoded.job.notBeforeMs).toBe(DUE_MS);
  expect(decoded.clockSuspectMs).toBe((job.notBeforeMs ?? 0) - DUE_MS);
});

test('a message that a true clock has sent is never held to be suspect', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_700_000_000_000, max: 4_000_000_000_000 }),
      fc.nat(5000),
      (nowMs, latencyMs) => {
        const { job } = toCoalescedJob(aSession(), 'incremental', nowMs, coalesce);

        expect(decode(encodeJob(job), { sentMs: nowMs + latencyMs })).toEqual({ job });
      },
    ),
  );
});

function catchJobError(run: () => unknown): JobError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof JobError) return error;
    throw error;
  }
  return undefined;
}
