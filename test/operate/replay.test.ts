import { expect, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { replaySessions } from '../../lib/operate/replay.ts';
import { toLatest } from '../../lib/record/archive.ts';
import { escapeBody, toNotice } from '../../lib/record/topic.ts';
import { aRecordOfBytes, aSession } from '../support/builders.ts';
import { createMemoryRecordArchive, createMemoryRecordTopic } from '../support/memory.ts';
import { createVirtualClock, untilSettled } from '../support/virtual-clock.ts';

const INLINE_LIMIT_BYTES = 2000;

/** An archive with one announced record, and the notice with which it was announced. */
async function announce(bytes: number) {
  const archive = createMemoryRecordArchive();
  const record = aRecordOfBytes(bytes);
  const session = aSession(record.session_id, record.website_id);
  const body = escapeBody(record);
  const archived = await archive.putRecord(session, record.version, body);
  await archive.putLatest(session, toLatest(record, { announced: true }), undefined);
  const notice = toNotice(record, { body, archived, inlineLimitBytes: INLINE_LIMIT_BYTES });
  return { archive, session, notice, bucket: archived.bucket, version: record.version };
}

function replay(
  { archive, bucket, session }: Awaited<ReturnType<typeof announce>>,
  options: { sinceVersion?: number; sessions?: readonly SessionRef[]; signal?: AbortSignal } = {},
) {
  const clock = createVirtualClock();
  const target = createMemoryRecordTopic();
  const context = { archive, bucket, target, inlineLimitBytes: INLINE_LIMIT_BYTES, clock };
  const { sessions = [session], signal = new AbortController().signal, ...rest } = options;
  const work = replaySessions(context, sessions, { ratePerSecond: 10, signal, ...rest });
  return untilSettled(clock, work).then((report) => ({ report, notices: target.notices }));
}

test.each([
  ['a record that fits is sent whole', 1900, false],
  ['a large one stays a claim check', 5000, true],
])('%s, with the version and attributes of before', async (_title, bytes, isClaimCheck) => {
  const announced = await announce(bytes);
  const { report, notices } = await replay(announced);
  expect(report).toMatchObject({ replayed: 1, skipped: 0, missing: 0, ended: 'complete' });
  expect(announced.notice.isClaimCheck).toBe(isClaimCheck);
  expect(notices.map(({ body }) => JSON.parse(body))).toEqual([JSON.parse(announced.notice.body)]);
  expect(notices.map(({ attributes }) => attributes)).toEqual([announced.notice.attributes]);
});

test('what is older than the version asked for, or was never announced, is left out', async () => {
  const announced = await announce(1900);
  const { version, session } = announced;
  const expected = { replayed: 0, skipped: 1 };
  expect((await replay(announced, { sinceVersion: version + 1 })).report).toMatchObject(expected);
  const sessions = [aSession('session_never'), session];
  expect((await replay(announced, { sinceVersion: version, sessions })).report).toMatchObject({
    ...{ replayed: 1, skipped: 1 },
  });
});

test('an interruption ends it before the next record', async () => {
  const announced = await announce(1900);
  const { report, notices } = await replay(announced, { signal: AbortSignal.abort() });
  expect(report).toMatchObject({ replayed: 0, ended: 'interrupted' });
  expect(notices).toEqual([]);
});

test('what cannot be read of one is missing, and ends nothing', async () => {
  const announced = await announce(1900);
  const [broken, damaged] = [aSession('session_broken'), aSession('session_damaged')];
  const getLatest = async (session: SessionRef) => {
    if (session === broken) throw new JobError('archive_failed', { detail: 'latest_malformed' });
    return announced.archive.getLatest(announced.session);
  };
  const getRecord = async (session: SessionRef, version: number) =>
    session === damaged ? '{' : announced.archive.getRecord(session, version);
  const archive = { ...announced.archive, getLatest, getRecord };
  const sessions = [broken, damaged, announced.session];
  const { report } = await replay({ ...announced, archive }, { sessions });
  expect(report).toMatchObject({ replayed: 1, missing: 2, ended: 'complete' });
});

test('a walk through the archive that fails says where the next one may begin', async () => {
  const announced = await announce(1900);
  const { archive, bucket, session } = announced;
  const clock = createVirtualClock();
  const work = replaySessions(
    {
      ...{ archive, bucket, inlineLimitBytes: INLINE_LIMIT_BYTES, clock },
      target: {
        async publish() {
          throw new JobError('topic_failed', { detail: 'throttled' });
        },
      },
    },
    (async function* () {
      yield { ...aSession('session_never'), key: 'latest/1' };
      yield { ...session, key: 'latest/2' };
    })(),
    { ratePerSecond: 1000, signal: new AbortController().signal },
  );
  await expect(untilSettled(clock, work)).rejects.toMatchObject({
    code: 'topic_failed',
    message: 'topic_failed:throttled (to go on: the same with --after latest/1)',
  });
});
