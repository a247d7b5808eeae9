import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toClockSample } from '../../lib/adapters/clock-sample.ts';
import { judgeClock } from '../../lib/core/doctor/judge-clock.ts';
import { judgeConcurrency } from '../../lib/core/doctor/judge-concurrency.ts';
import { judgeNode } from '../../lib/core/doctor/judge-node.ts';
import { judgeQueue } from '../../lib/core/doctor/judge-queue.ts';
import { judgeSecret } from '../../lib/core/doctor/judge-secret.ts';

test.each([
  ['24.0.0', 'ok'],
  ['26.1.0', 'ok'],
  ['22.19.0', 'fail'],
])('Node %s: %s', (version, state) => {
  expect(judgeNode(version).state).toBe(state);
});

test('two equal clocks are never said to differ, however long the answer took and wherever in a second it was given', () => {
  const times = fc.record({
    answeredMs: fc.nat(10_000),
    back: fc.nat(10_000),
    nowMs: fc.nat(2_000_000_000_000),
  });
  fc.assert(
    fc.property(times, ({ answeredMs, back, nowMs }) => {
      const date = new Date(nowMs + answeredMs).toUTCString();
      const sample = toClockSample(date, { sentMs: nowMs, receivedMs: nowMs + answeredMs + back });
      expect(judgeClock('AWS', sample).state).toBe('ok');
    }),
  );
});

test('a clock that is more than a bucket off fails, in either direction', () => {
  const offset = fc.integer({ min: 61_500, max: 1e10 }).chain((ms) => fc.constantFrom(ms, -ms));
  fc.assert(
    fc.property(offset, (offsetMs) => {
      const finding = judgeClock('AWS', { offsetMs, uncertaintyMs: 600 });
      expect(finding).toMatchObject({
        state: 'fail',
        message: expect.stringContaining(offsetMs > 0 ? 'behind' : 'ahead'),
      });
    }),
  );
});

test('a clock between half a margin and a bucket is worth a warning', () => {
  expect(judgeClock('Crisp', { offsetMs: 20_000, uncertaintyMs: 600 }).state).toBe('warn');
});

test.each([undefined, 'soon', 12])('the date %s tells nothing, so nothing is said of the clock', (date) => {
  const sample = toClockSample(date, { sentMs: 0, receivedMs: 1 });

  expect(judgeClock('AWS', sample).state).toBe('skipped');
});

test.each([
  [1000, 2, 'ok'],
  [12, 2, 'ok'],
  [11, 2, 'warn'],
  [4, 2, 'warn'],
  [3, 2, 'fail'],
])('%d free executions with a consumer of %d: %s', (unreserved, consumer, state) => {
  expect(judgeConcurrency({ limit: 1000, unreserved }, consumer).state).toBe(state);
});

const EXPECTED = { attributes: { VisibilityTimeout: '300' }, maxReceiveCount: '5' };

test.each([
  [{ VisibilityTimeout: '300', RedrivePolicy: '{"maxReceiveCount":5}' }, 'ok'],
  [{ VisibilityTimeout: '300', RedrivePolicy: '{"maxReceiveCount":"5"}' }, 'ok'],
  [{ VisibilityTimeout: '300', RedrivePolicy: '{"maxReceiveCount":4}' }, 'fail'],
  [{ VisibilityTimeout: '300', RedrivePolicy: 'broken' }, 'fail'],
  [{ VisibilityTimeout: '300' }, 'fail'],
  [{ RedrivePolicy: '{"maxReceiveCount":5}' }, 'fail'],
])('a queue with %j: %s', (actual, state) => {
  expect(judgeQueue('records', actual, EXPECTED, { isLocal: false }).state).toBe(state);
});

test('a secret in plain text is a failure even though it works', () => {
  const stored = { changedMs: 0, isEncrypted: false };

  expect(judgeSecret({ name: 'CRISP_TOKEN_KEY', stage: 'prod', region: 'eu-west-1', stored }).state).toBe(
    'fail',
  );
});
