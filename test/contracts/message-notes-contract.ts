import { describe, expect, test } from 'vitest';
import type { Failure } from '../../lib/core/retry/failure-note.ts';
import type { MessageNotes } from '../../lib/ports/message-notes.ts';

const NOW_MS = 1_790_856_000_500;

/** What all notes about messages must do; `create` gives them empty or shared, for each message is used once. */
export function describeMessageNotes(implementation: string, create: () => MessageNotes): void {
  describe(`message notes: ${implementation}`, () => {
    test('an absence keeps the moment at which it was first noted', async () => {
      const notes = create();
      const message = aFreshMessage();
      await notes.noteAbsence(message, NOW_MS);

      const firstMs = await notes.noteAbsence(message, NOW_MS + 10_000);

      expect(firstMs).toBe(NOW_MS);
    });

    test('an absence that was taken back counts from anew, and of no other message', async () => {
      const notes = create();
      const [found, missing] = [aFreshMessage(), aFreshMessage()];
      await notes.noteAbsence(found, NOW_MS);
      await notes.noteAbsence(missing, NOW_MS);

      await notes.clearAbsence(found, NOW_MS + 5_000);

      expect(await notes.noteAbsence(found, NOW_MS + 10_000)).toBe(NOW_MS + 10_000);
      expect(await notes.noteAbsence(missing, NOW_MS + 10_000)).toBe(NOW_MS);
    });

    test('an absence that was never noted can be taken back', async () => {
      const notes = create();
      const message = aFreshMessage();

      await notes.clearAbsence(message, NOW_MS);

      expect(await notes.noteAbsence(message, NOW_MS + 1)).toBe(NOW_MS + 1);
    });

    test('an absence that another message noted confirms nothing', async () => {
      const notes = create();
      await notes.noteAbsence(aFreshMessage(), NOW_MS);

      expect(await notes.noteAbsence(aFreshMessage(), NOW_MS + 10_000)).toBe(NOW_MS + 10_000);
    });

    test('many that note an absence at once agree on one moment', async () => {
      const notes = create();
      const message = aFreshMessage();

      const noted = await Promise.all([1, 2, 3, 4].map((ms) => notes.noteAbsence(message, NOW_MS + ms)));

      expect(new Set(noted).size).toBe(1);
    });

    test('stale reads are counted by message, from one, also at once', async () => {
      const notes = create();
      const message = aFreshMessage();

      const counts = await Promise.all([1, 2, 3].map((ms) => notes.countStaleRead(message, NOW_MS + ms)));

      expect(counts.sort()).toEqual([1, 2, 3]);
      expect(await notes.countStaleRead(aFreshMessage(), NOW_MS)).toBe(1);
    });

    test('a failure is read as it was noted, and of no other message', async () => {
      const notes = create();
      const [plain, detailed] = [aFreshMessage(), aFreshMessage()];
      await notes.noteFailure(plain, aFailure({ code: 'paging_stuck' }), own(NOW_MS));
      await notes.noteFailure(detailed, DETAILED, own(NOW_MS));

      const counted = { failures: 1, isFinal: false, firstMs: NOW_MS, lastMs: NOW_MS };
      expect(await notes.readFailure(plain)).toEqual({ ...aFailure({ code: 'paging_stuck' }), ...counted });
      expect(await notes.readFailure(detailed)).toEqual({ ...DETAILED, ...counted });
      expect(await notes.readFailure(aFreshMessage())).toBeUndefined();
    });

    test('the newest failure takes the place of the one before, with all that was known of it', async () => {
      const notes = create();
      const message = aFreshMessage();
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
      const notes = create();
      const message = aFreshMessage();
      await notes.noteFailure(message, aFailure(), own(NOW_MS));

      const note = await notes.noteFailure(message, aFailure({ code: 'crisp_rate_limited' }), {
        ...own(NOW_MS + 1),
        spendsAttempt: false,
      });

      expect(note).toMatchObject({ code: 'crisp_rate_limited', failures: 1, isFinal: false });
    });

    test('the failure that spends the last attempt is final, and none before it', async () => {
      const notes = create();
      const message = aFreshMessage();

      const finals = [];
      for (const ms of [1, 2, 3]) {
        finals.push((await notes.noteFailure(message, aFailure(), own(NOW_MS + ms))).isFinal);
      }

      expect(finals).toEqual([false, false, true]);
      expect(await notes.readFailure(message)).toMatchObject({ failures: 3, isFinal: true });
    });

    test('a permanent failure is final at once, spent attempt or not', async () => {
      const notes = create();
      const message = aFreshMessage();

      const note = await notes.noteFailure(message, DETAILED, {
        ...own(NOW_MS),
        spendsAttempt: false,
        isPermanent: true,
      });

      expect(note).toMatchObject({ failures: 0, isFinal: true });
    });

    test('what was final once stays final, whatever comes after it', async () => {
      const notes = create();
      const [exhausted, permanent] = [aFreshMessage(), aFreshMessage()];
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
      const notes = create();
      const message = aFreshMessage();

      const noted = await Promise.all(
        [1, 2, 3].map((ms) => notes.noteFailure(message, aFailure(), own(NOW_MS + ms))),
      );

      expect(noted.map(({ failures }) => failures).sort()).toEqual([1, 2, 3]);
      expect(noted.filter(({ isFinal }) => isFinal)).toHaveLength(1);
    });

    test('a hint of any length is kept in 2 KB', async () => {
      const notes = create();
      const message = aFreshMessage();

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

let serial = 0;

function aFreshMessage(): string {
  serial += 1;
  return `message-${serial}`;
}
