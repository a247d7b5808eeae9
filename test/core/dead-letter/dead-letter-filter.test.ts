import { expect, test } from 'vitest';
import type { DeadLetter } from '../../../lib/core/dead-letter/dead-letter.ts';
import {
  type DeadLetterFilter,
  isUnfiltered,
  matchesFilter,
  parseCodeFilter,
} from '../../../lib/core/dead-letter/dead-letter-filter.ts';
import { toDeadLetter } from '../../../lib/core/dead-letter/to-dead-letter.ts';
import { aSession, OTHER_WEBSITE_ID } from '../../support/builders.ts';
import { aFailedRun } from '../../support/run-builders.ts';

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
])('a dead letter matches %s', (_what, filter) => {
  expect(matchesFilter(aDeadLetter(), filter)).toBe(true);
});

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
  (text) => {
    expect(parseCodeFilter(text)).toBeUndefined();
  },
);

test('a filter without any part admits all, and one with a part does not', () => {
  expect(isUnfiltered({})).toBe(true);
  expect(isUnfiltered({ code: undefined, websiteId: undefined })).toBe(true);
  expect(isUnfiltered({ sinceMs: 0 })).toBe(false);
  expect(isUnfiltered({ messageIds: [] })).toBe(false);
});
