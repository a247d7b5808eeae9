import { expect, test } from 'vitest';
import type { DaySummary } from '../../../lib/core/summary/day-summary.ts';
import { formatDaySummary, toSoonestExpiry } from '../../../lib/core/summary/format-day-summary.ts';

const DAY_SECONDS = 86_400;
const madeMs = Date.UTC(2026, 10, 23, 5);

const quiet: DaySummary = {
  stage: 'prod',
  madeMs,
  accepted: 0,
  announced: 0,
  unchanged: 0,
  deaths: [],
  queues: [{ name: 'sessions', messages: 0, oldestSeconds: 0 }],
};

test('a summary tells what came in, went out, failed by reason, waits, and when the first of it expires', () => {
  const { subject, text } = formatDaySummary({
    ...quiet,
    accepted: 1200,
    announced: 340,
    unchanged: 15,
    deaths: [
      { code: 'crisp_forbidden', count: 3 },
      { code: 'bad_response', count: 1 },
    ],
    queues: [
      { name: 'sessions', messages: 7, oldestSeconds: 60 },
      { name: 'sessions-dlq', messages: 4, oldestSeconds: 13 * DAY_SECONDS },
    ],
  });

  expect(subject).toBe('crisp-enrich prod: 1200 in, 340 out, 4 failed');
  expect(text.split('\n')).toEqual([
    'crisp-enrich, stage prod: the 24 hours to 2026-11-23T05:00:00Z',
    '',
    'hooks accepted      1200',
    'records announced   340',
    'fetched, unchanged  15',
    'failed for good     4',
    '  crisp_forbidden: 3',
    '  bad_response: 1',
    '',
    'waiting now',
    '  sessions: 7, the oldest for 0 h',
    '  sessions-dlq: 4, the oldest for 312 h',
    'soonest expiry      2026-11-24T05:00:00Z',
    '',
    expect.stringContaining('docs/errors.md'),
  ]);
});

test('the command that it names can be pasted', () => {
  const { text } = formatDaySummary({ ...quiet, region: 'eu-west-1' });

  expect(text).toContain('`npx crisp-enrich dlq list --stage prod --region eu-west-1`');
});

test('where nothing waits, nothing expires', () => {
  expect(toSoonestExpiry(quiet)).toBeUndefined();
  expect(formatDaySummary(quiet).text).toContain('soonest expiry      nothing waits');
});

test('a dead record may expire earlier than its queue tells, for it counts from the first send', () => {
  const queues = [{ name: 'records-dlq', messages: 1, oldestSeconds: DAY_SECONDS }] as const;

  expect(formatDaySummary({ ...quiet, queues }).text).toContain(
    'soonest expiry      2026-12-06T05:00:00Z, in records-dlq perhaps earlier',
  );
});

test('the age of a queue that is empty by now expires nothing', () => {
  const queues = [{ name: 'records', messages: 0, oldestSeconds: 13 * DAY_SECONDS }] as const;

  expect(toSoonestExpiry({ madeMs, queues })).toBeUndefined();
});

test('a subject is what SNS takes: ASCII, at most 100 characters, however much there is to count', () => {
  const most = 1_000_000_000_000;
  const deaths = [{ code: 'unexpected', count: most }];

  const { subject } = formatDaySummary({
    ...quiet,
    stage: 'a-stage-of-20-letter',
    accepted: most,
    announced: most,
    deaths,
  });

  expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
});
