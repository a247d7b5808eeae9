import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QUEUE_NUMBERS } from '../../lib/aws/queues.ts';
import {
  decideFailure,
  type FailureCircumstances,
  MAX_BACKOFF_SECONDS,
  MAX_VISIBILITY_SECONDS,
  stretchHold,
  toHeldSeconds,
  weighFailure,
} from '../../lib/consumer/retry.ts';
import { JOB_ERRORS, JobError, type JobErrorCode } from '../../lib/errors.ts';
import type { Blame } from '../../lib/ledger/failure-notes.ts';

describe('decide failure', () => {
  const MAX_ATTEMPTS = 5;
  const BLAMES: readonly Blame[] = ['session', 'outage', 'refusal'];
  const SHORTEST = { retryBaseSeconds: 30, random: () => 0 };

  // What becomes of a message: blamed itself at an attempt that is not the last, at the last one, and not to blame.
  type Fate = readonly [early: string, last: string, outage: string, refusal: string];
  const OWN: Fate = ['retry', 'dead', 'defer', 'defer'];
  const NEVER_OWN: Fate = ['defer', 'defer', 'defer', 'defer'];
  const HOPELESS: Fate = ['dead', 'dead', 'defer', 'defer'];

  const FATES: Readonly<Record<JobErrorCode, Fate>> = {
    malformed_message: HOPELESS,
    unsupported_version: HOPELESS,
    unexpected_envelope: HOPELESS,
    missing_field: HOPELESS,
    website_id_required: HOPELESS,
    website_id_invalid: HOPELESS,
    session_id_invalid: HOPELESS,

    crisp_unreachable: OWN,
    crisp_timeout: OWN,
    crisp_unavailable: OWN,
    crisp_auth_failed: OWN,
    crisp_tls_failed: OWN,
    crisp_rate_limited: OWN,
    crisp_quota_exceeded: OWN,
    quota_exhausted: OWN,
    crisp_forbidden: HOPELESS,
    crisp_not_subscribed: HOPELESS,
    crisp_route_unknown: OWN,
    crisp_rejected: HOPELESS,
    crisp_error: OWN,
    unexpected_redirect: OWN,
    bad_response: OWN,
    bad_encoding: OWN,
    response_too_large: HOPELESS,
    conversation_too_large: HOPELESS,
    session_mismatch: HOPELESS,
    schema_mismatch: HOPELESS,
    conversation_missing: NEVER_OWN,
    paging_stuck: OWN,
    paging_cap_reached: HOPELESS,

    archive_failed: OWN,
    record_superseded: OWN,
    topic_failed: OWN,
    downstream_denied: OWN,
    ledger_failed: OWN,
    record_too_large: HOPELESS,
    deadline_reached: OWN,
    switch_failed: OWN,
    visibility_failed: OWN,
    unexpected: OWN,
  };

  /** A failure after `spentBefore` attempts, counted as the ledger counts it. */
  function decide(
    error: JobError,
    blame: Blame,
    spentBefore: number,
    others: Partial<FailureCircumstances> = {},
  ) {
    const work = { blame, hasStarted: others.hasStarted ?? true };
    const failures = spentBefore + (weighFailure(error, work) === 'own' ? 1 : 0);
    const counted = { failures, isFinal: failures >= MAX_ATTEMPTS };
    return decideFailure(error, { ...work, receiveCount: 1, counted, ...others }, SHORTEST);
  }

  describe('what becomes of a message after a failure', () => {
    test.each(Object.entries(FATES))('%s: %j', (code, fate) => {
      // The keys of the table are the codes: its type says so.
      const error = new JobError(code as JobErrorCode);

      const early = decide(error, 'session', 3);
      const last = decide(error, 'session', 4);
      const [outage, refusal] = [decide(error, 'outage', 4), decide(error, 'refusal', 4)];

      expect([early, last, outage, refusal].map(({ decision }) => decision)).toEqual(fate);
    });

    test('every code there is has a row', () => {
      expect(Object.keys(FATES).sort()).toEqual(Object.keys(JOB_ERRORS).sort());
    });

    test('a verdict is shown again at once where it is the session’s own, and tried again until somebody knows', () => {
      const error = new JobError('session_mismatch');

      expect(decide(error, 'session', 0)).toEqual({ decision: 'dead', delaySeconds: 0 });
      expect(decide(error, 'unconfirmed', 0)).toEqual({ decision: 'retry', delaySeconds: 30 });
      expect(decide(error, 'unconfirmed', 4)).toEqual({ decision: 'dead', delaySeconds: 0 });
      expect(decide(error, 'outage', 0).decision).toBe('defer');
    });

    test('with the ledger away no attempt is the last one, and only a permanent failure ends it', () => {
      const away = { counted: undefined, receiveCount: 19 };
      expect(decide(new JobError('bad_response'), 'session', 99, away).decision).toBe('retry');
      expect(decide(new JobError('crisp_forbidden'), 'session', 0, away).decision).toBe('dead');
    });

    test('work that the deadline kept from being begun is handed back at once; what it cut off has spent an attempt', () => {
      const late = new JobError('deadline_reached');
      const unstarted = decide(late, 'session', 4, { hasStarted: false });
      expect(unstarted).toEqual({ decision: 'defer', delaySeconds: 0 });
      expect(decide(late, 'session', 0)).toEqual({ decision: 'retry', delaySeconds: 30 });
    });

    test.each([
      [0, 'defer', 15],
      [9_999, 'defer', 15],
      [10_000, 'removed', 0],
      [1_000_000, 'removed', 0],
    ])('a conversation that was first missed %d ms ago: %s', (missingForMs, decision, delaySeconds) => {
      const missing = new JobError('conversation_missing', { status: 404 });
      expect(decide(missing, 'session', 0, { missingForMs })).toEqual({ decision, delaySeconds });
    });

    test('a conversation of which nobody knows since when it is missing is never removed', () => {
      const missing = new JobError('conversation_missing', { status: 404 });

      for (const receiveCount of [1, 10, 20]) {
        expect(decide(missing, 'session', 0, { receiveCount }).decision).toBe('defer');
      }
    });
  });

  describe('how long it waits', () => {
    const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const anyCode = fc.constantFrom(
      ...(Object.keys(FATES) as JobErrorCode[]).filter((code) => FATES[code] !== HOPELESS),
    );
    const anyFailure = fc.record({
      code: anyCode,
      blame: fc.constantFrom(...BLAMES),
      receiveCount: fc.integer({ min: 1, max: 20 }),
      failures: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 10 ** 9 }), { nil: undefined }),
      retryBaseSeconds: fc.integer({ min: 1, max: 600 }),
      random: anyRandom,
    });

    function decideAny(failure: typeof anyFailure extends fc.Arbitrary<infer F> ? F : never) {
      const { code, blame, receiveCount, failures, retryAfterMs, retryBaseSeconds, random } = failure;
      const error = new JobError(code, retryAfterMs === undefined ? {} : { retryAfterMs });
      const counted = failures === undefined ? undefined : { failures, isFinal: false };
      const policy = { retryBaseSeconds, random: () => random };
      return decideFailure(error, { blame, hasStarted: true, receiveCount, counted }, policy);
    }

    test('never before Retry-After, never shorter than the base, never longer than SQS can hide it', () => {
      fc.assert(
        fc.property(anyFailure, (failure) => {
          const { delaySeconds } = decideAny(failure);

          const asked = Math.min((failure.retryAfterMs ?? 0) / 1000, MAX_VISIBILITY_SECONDS);
          expect(delaySeconds).toBeGreaterThanOrEqual(Math.max(failure.retryBaseSeconds, asked));
          expect(delaySeconds).toBeLessThanOrEqual(MAX_VISIBILITY_SECONDS);
          expect(Number.isInteger(delaySeconds)).toBe(true);
        }),
      );
    });

    test('a counted failure of its own waits at most 15 minutes unless more was asked for, however often received', () => {
      fc.assert(
        fc.property(anyFailure, (failure) => {
          const { failures = 1 } = failure;
          const { decision, delaySeconds } = decideAny({ ...failure, failures, retryAfterMs: undefined });

          if (decision === 'retry') expect(delaySeconds).toBeLessThanOrEqual(MAX_BACKOFF_SECONDS);
        }),
      );
    });

    /** The longest wait after so many failures and receives. */
    function longest(
      code: JobErrorCode,
      blame: Blame,
      failures: number | undefined,
      receiveCount: number,
      random = () => 1 - Number.EPSILON,
    ) {
      const counted = failures === undefined ? undefined : { failures, isFinal: false };
      const circumstances = { blame, hasStarted: true, receiveCount, counted };
      return decideFailure(new JobError(code), circumstances, { retryBaseSeconds: 30, random }).delaySeconds;
    }

    test('the bound of a retry doubles with the attempts spent, not with the receives, until the cap', () => {
      const bounds = [1, 2, 3, 4, 5, 6].map((n) => longest('bad_response', 'session', n, n + 8));
      expect(bounds).toEqual([60, 120, 240, 480, 900, 900]);
    });

    test('with the ledger away a failure of its own is stretched as a deferral is: its receives last for days', () => {
      const wait = (receiveCount: number) =>
        decide(new JobError('topic_failed'), 'session', 0, { counted: undefined, receiveCount }).delaySeconds;

      const waits = Array.from({ length: 20 }, (_, index) => wait(index + 1));

      expect(waits.slice(0, 10)).toEqual(Array(10).fill(30));
      expect(waits.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(2 * 24 * 3600);
    });

    test('the bound of a deferral grows with the receives', () => {
      const receives = [1, 2, 3, 4, 5, 10, 11, 12, 15, 16, 20];
      const bounds = receives.map((n) => longest('crisp_rate_limited', 'refusal', undefined, n));
      expect(bounds).toEqual([60, 120, 240, 480, 900, 900, 1800, 3600, 28_800, 39_600, 39_600]);
    });

    test('the wait is spread evenly from the base to the bound: sessions that failed together do not come back together', () => {
      const spread = [0, 0.25, 0.5, 0.75].map((r) => longest('bad_response', 'session', 3, 3, () => r));
      expect(spread).toEqual([30, 83, 135, 188]);
    });
  });
});

describe('stretch hold', () => {
  const RECEIVE_LIMIT = QUEUE_NUMBERS.receiveLimit;
  const TWO_DAYS_SECONDS = 2 * 24 * 3600;
  const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const receives = Array.from({ length: RECEIVE_LIMIT }, (_, index) => index + 1);

  describe('a message that is not to blame', () => {
    test('waits as usual for the first half of its receives', () => {
      const waits = receives.slice(0, 10).map((receive) => stretchHold(receive * 7, receive, () => 0.5));
      expect(waits).toEqual([7, 14, 21, 28, 35, 42, 49, 56, 63, 70]);
    });

    test('outlasts two days with those that are left, whatever chance does', () => {
      fc.assert(
        fc.property(
          fc.array(anyRandom, { minLength: RECEIVE_LIMIT, maxLength: RECEIVE_LIMIT }),
          (randoms) => {
            const waits = receives.map((receive, at) => stretchHold(0, receive, () => randoms[at] ?? 0));

            expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(TWO_DAYS_SECONDS);
            expect(Math.max(...waits)).toBeLessThanOrEqual(MAX_VISIBILITY_SECONDS);
          },
        ),
      );
    });

    test('waits longer with each of them until no longer wait is possible, and never all at the same moment', () => {
      const longest = receives.map((receive) => stretchHold(0, receive, () => 1 - Number.EPSILON));
      const shortest = receives.map((receive) => stretchHold(0, receive, () => 0));

      expect(longest.slice(9)).toEqual([
        0, 1800, 3600, 7200, 14_400, 28_800, 39_600, 39_600, 39_600, 39_600, 39_600,
      ]);
      expect(shortest.slice(9)).toEqual([
        0, 1350, 2700, 5400, 10_800, 21_600, 29_700, 29_700, 29_700, 29_700, 29_700,
      ]);
    });

    test('keeps a longer wait that was asked for', () => expect(stretchHold(7200, 11, () => 0)).toBe(7200));
  });

  test('a message that comes while the breaker is open is back a minute or two later, unless it came often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), anyRandom, (receive, random) => {
        const seconds = toHeldSeconds(receive, () => random);

        expect(seconds).toBeGreaterThanOrEqual(60);
        expect(seconds).toBeLessThan(120);
      }),
    );
    expect(toHeldSeconds(3, () => 0.5)).toBe(90);
    expect(toHeldSeconds(20, () => 0)).toBe(29_700);
  });
});
