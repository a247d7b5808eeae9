import { beforeEach, describe, expect, test } from 'vitest';
import type { Failure, FailureNotes } from '../../lib/ledger/failure-notes.ts';
import type { LookNotes, MessageNotes, RedriveNotes } from '../../lib/ledger/message-notes.ts';
import { aFreshSession } from '../support/builders.ts';

const NOW_MS = 1_790_856_000_500;

/** What all notes about messages must do; `create` gives them empty or shared, for each message is used once. */
export function describeMessageNotes(implementation: string, create: () => MessageNotes): void {
  describe(`message notes: ${implementation}`, () => {
    let notes: MessageNotes;
    let message: string;

    beforeEach(() => {
      notes = create();
      message = aFreshMessageId();
    });

    test('an absence keeps the moment at which it was first noted', async () => {
      await notes.noteAbsence(message, NOW_MS);

      const firstMs = await notes.noteAbsence(message, NOW_MS + 10_000);

      expect(firstMs).toBe(NOW_MS);
    });

    test('an absence that was taken back counts from anew, and of no other message', async () => {
      const [found, missing] = [aFreshMessageId(), aFreshMessageId()];
      await notes.noteAbsence(found, NOW_MS);
      await notes.noteAbsence(missing, NOW_MS);

      await notes.clearAbsence(found, NOW_MS + 5_000);

      expect(await notes.noteAbsence(found, NOW_MS + 10_000)).toBe(NOW_MS + 10_000);
      expect(await notes.noteAbsence(missing, NOW_MS + 10_000)).toBe(NOW_MS);
    });

    test('an absence that was never noted can be taken back', async () => {
      await notes.clearAbsence(message, NOW_MS);

      expect(await notes.noteAbsence(message, NOW_MS + 1)).toBe(NOW_MS + 1);
    });

    test('an absence that another message noted confirms nothing', async () => {
      await notes.noteAbsence(aFreshMessageId(), NOW_MS);

      expect(await notes.noteAbsence(aFreshMessageId(), NOW_MS + 10_000)).toBe(NOW_MS + 10_000);
    });

    test('many that note an absence at once agree on one moment', async () => {
      const noted = await Promise.all([1, 2, 3, 4].map((ms) => notes.noteAbsence(message, NOW_MS + ms)));

      expect(new Set(noted).size).toBe(1);
    });

    test('stale reads are counted by message, from one, also at once', async () => {
      const counts = await Promise.all([1, 2, 3].map((ms) => notes.countStaleRead(message, NOW_MS + ms)));

      expect(counts.sort()).toEqual([1, 2, 3]);
      expect(await notes.countStaleRead(aFreshMessageId(), NOW_MS)).toBe(1);
    });

    test('a failure is read as it was noted, and of no other message', async () => {
      const [plain, detailed] = [aFreshMessageId(), aFreshMessageId()];
      await notes.noteFailure(plain, aFailure({ code: 'paging_stuck' }), own(NOW_MS));
      await notes.noteFailure(detailed, DETAILED, own(NOW_MS));

      const counted = { failures: 1, isFinal: false, firstMs: NOW_MS, lastMs: NOW_MS };
      expect(await notes.readFailure(plain)).toEqual({ ...aFailure({ code: 'paging_stuck' }), ...counted });
      expect(await notes.readFailure(detailed)).toEqual({ ...DETAILED, ...counted });
      expect(await notes.readFailure(aFreshMessageId())).toBeUndefined();
    });

    test('the newest failure takes the place of the one before, with all that was known of it', async () => {
      await notes.noteFailure(message, DETAILED, own(NOW_MS));

      const note = await notes.noteFailure(message, aFailure({ code: 'topic_failed' }), own(NOW_MS + 60_000));

      expect(note).toEqual({
        ...aFailure({ code: 'topic_failed' }),
        failures: 2,
        isFinal: false,
        firstMs: NOW_MS,
        lastMs: NOW_MS + 60_000,
      });
      expect(await notes.readFailure(message)).toEqual(note);
    });

    test('a failure that spends no attempt is noted and not counted', async () => {
      await notes.noteFailure(message, aFailure(), own(NOW_MS));

      const note = await notes.noteFailure(message, aFailure({ code: 'crisp_rate_limited' }), {
        ...own(NOW_MS + 1),
        spendsAttempt: false,
      });

      expect(note).toMatchObject({ code: 'crisp_rate_limited', failures: 1, isFinal: false });
    });

    test('the failure that spends the last attempt is final, and none before it', async () => {
      const finals = [];
      for (const ms of [1, 2, 3]) {
        finals.push((await notes.noteFailure(message, aFailure(), own(NOW_MS + ms))).isFinal);
      }

      expect(finals).toEqual([false, false, true]);
      expect(await notes.readFailure(message)).toMatchObject({ failures: 3, isFinal: true });
    });

    test('a permanent failure is final at once, spent attempt or not', async () => {
      const note = await notes.noteFailure(message, DETAILED, {
        ...own(NOW_MS),
        spendsAttempt: false,
        isPermanent: true,
      });

      expect(note).toMatchObject({ failures: 0, isFinal: true });
    });

    test('what was final once stays final, whatever comes after it', async () => {
      const [exhausted, permanent] = [aFreshMessageId(), aFreshMessageId()];
      for (const ms of [1, 2, 3]) await notes.noteFailure(exhausted, aFailure(), own(NOW_MS + ms));
      await notes.noteFailure(permanent, DETAILED, { ...own(NOW_MS), isPermanent: true });
      const lenient = { spendsAttempt: false, isPermanent: false, maxAttempts: 50, nowMs: NOW_MS + 4 };

      const last = [
        await notes.noteFailure(exhausted, aFailure(), lenient),
        await notes.noteFailure(permanent, aFailure(), lenient),
      ];

      expect(last.map(({ isFinal }) => isFinal)).toEqual([true, true]);
      expect(await notes.readFailure(exhausted)).toMatchObject({ isFinal: true });
    });

    test('failures noted at once are all counted, and one of them is the last attempt', async () => {
      const noted = await Promise.all(
        [1, 2, 3].map((ms) => notes.noteFailure(message, aFailure(), own(NOW_MS + ms))),
      );

      expect(noted.map(({ failures }) => failures).sort()).toEqual([1, 2, 3]);
      expect(noted.filter(({ isFinal }) => isFinal)).toHaveLength(1);
    });

    test('a hint of any length is kept in 2 KB', async () => {
      const note = await notes.noteFailure(message, aFailure({ hint: 'é'.repeat(5000) }), own(NOW_MS));

      expect(Buffer.byteLength(note.hint ?? '')).toBeLessThanOrEqual(2048);
      expect(note.hint).toMatch(/^é+…$/);
    });
  });
}

const DETAILED: Failure = { code: 'crisp_rejected', detail: '400', hint: 'ask the developers', status: 400 };

function aFailure(failure: Partial<Failure> = {}): Failure {
  return { code: 'bad_response', detail: undefined, hint: undefined, status: undefined, ...failure };
}

function own(nowMs: number) {
  return { spendsAttempt: true, isPermanent: false, maxAttempts: 3, nowMs };
}

let messageSerial = 0;

function aFreshMessageId(): string {
  messageSerial += 1;
  return `message-${messageSerial}`;
}

interface FailureNotesUnderTest {
  readonly notes: MessageNotes;
  readonly failureNotes: FailureNotes;
}

/** What a reading of many failures must do; `create` gives it empty or shared, for each message is used once. */
export function describeFailureNotes(implementation: string, create: () => FailureNotesUnderTest): void {
  describe(`failure notes: ${implementation}`, () => {
    let notes: MessageNotes;
    let failureNotes: FailureNotes;

    beforeEach(() => {
      ({ notes, failureNotes } = create());
    });

    test('the failures that are known are read as they were noted, and of others nothing', async () => {
      const [first, second, unknown] = [aFreshMessageId(), aFreshMessageId(), aFreshMessageId()];
      await notes.noteFailure(first, DETAILED, own(NOW_MS));
      const newest = await notes.noteFailure(second, DETAILED, own(NOW_MS));

      const read = await failureNotes.readMany([second, unknown, first]);

      expect([...read.keys()].sort()).toEqual([first, second].sort());
      expect(read.get(second)).toEqual(newest);
    });

    test('other notes about a message are no failures', async () => {
      const message = aFreshMessageId();
      await notes.noteAbsence(message, NOW_MS);
      await notes.countStaleRead(message, NOW_MS);

      expect(await failureNotes.readMany([message])).toEqual(new Map());
    });

    test('a message may be asked for twice, and nothing may be asked for', async () => {
      const message = aFreshMessageId();
      await notes.noteFailure(message, DETAILED, own(NOW_MS));

      expect((await failureNotes.readMany([message, message])).size).toBe(1);
      expect((await failureNotes.readMany([])).size).toBe(0);
    });

    test('more are read than one call can ask for', async () => {
      const messages = Array.from({ length: 250 }, aFreshMessageId);
      for (const message of messages) await notes.noteFailure(message, DETAILED, own(NOW_MS));

      expect((await failureNotes.readMany(messages)).size).toBe(250);
    });
  });
}

/** What all notes about redrives must do; `create` may give shared ones, for each session is used once. */
export function describeRedriveNotes(implementation: string, create: () => RedriveNotes): void {
  describe(`redrive notes: ${implementation}`, () => {
    test('a session that was never redriven counts none', async () => {
      expect(await create().countSince(aFreshSession(), 0)).toBe(0);
    });

    test('redrives count from the moment that is asked for, that moment included', async () => {
      const [notes, session] = [create(), aFreshSession()];
      for (const ms of [1, 2, 3]) await notes.note(session, NOW_MS + ms);

      expect(await notes.countSince(session, NOW_MS)).toBe(3);
      expect(await notes.countSince(session, NOW_MS + 2)).toBe(2);
      expect(await notes.countSince(session, NOW_MS + 4)).toBe(0);
      expect(await notes.list(session)).toEqual([1, 2, 3].map((ms) => NOW_MS + ms));
    });

    test('two redrives of one moment are two, also when noted at once', async () => {
      const [notes, session] = [create(), aFreshSession()];

      await Promise.all([notes.note(session, NOW_MS), notes.note(session, NOW_MS)]);

      expect(await notes.countSince(session, NOW_MS)).toBe(2);
    });

    test('sessions are counted apart', async () => {
      const [notes, session] = [create(), aFreshSession()];
      await notes.note(session, NOW_MS);

      expect(await notes.countSince(aFreshSession(), 0)).toBe(0);
    });
  });
}

/** What all notes about looks must do; `create` gives notes of their own. */
export function describeLookNotes(implementation: string, create: () => LookNotes): void {
  describe(`look notes: ${implementation}`, () => {
    test('a look is open until it ends, or until what it hides is visible by itself', async () => {
      const notes = create();
      const [first, second] = [NOW_MS + 60_000, NOW_MS + 90_000];
      const id = await notes.begin({ startedMs: NOW_MS, untilMs: first });
      const other = await notes.begin({ startedMs: NOW_MS + 1, untilMs: second });

      const open = await notes.open(NOW_MS + 1000);
      const later = await notes.open(first);
      await notes.end(other);

      expect([...open].sort((a, b) => a.untilMs - b.untilMs)).toEqual([
        { id, startedMs: NOW_MS, untilMs: first },
        { id: other, startedMs: NOW_MS + 1, untilMs: second },
      ]);
      expect(later.map((it) => it.id)).toEqual([other]);
      expect((await notes.open(NOW_MS)).map((it) => it.id)).toEqual([id]);
    });
  });
}
