import { describe, expect, test } from 'vitest';
import type { SessionRef } from '../../lib/core/ids.ts';
import type { SessionNotes } from '../../lib/ports/session-notes.ts';
import { aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';

const NOW_MS = 1_790_856_000_500;
const DAY_MS = 24 * 3600 * 1000;

/** What all notes about sessions must do; `create` gives them empty or shared, for each session is used once. */
export function describeSessionNotes(implementation: string, create: () => SessionNotes): void {
  describe(`session notes: ${implementation}`, () => {
    test('an absence keeps the moment at which it was first noted', async () => {
      const notes = create();
      const session = aFreshSession();
      await notes.noteAbsence(session, NOW_MS);

      const firstMs = await notes.noteAbsence(session, NOW_MS + 10_000);

      expect(firstMs).toBe(NOW_MS);
    });

    test('an absence that was cleared begins anew', async () => {
      const notes = create();
      const session = aFreshSession();
      await notes.noteAbsence(session, NOW_MS);
      await notes.clearAbsence(session);

      expect(await notes.noteAbsence(session, NOW_MS + 10_000)).toBe(NOW_MS + 10_000);
    });

    test('an absence that was never noted can be cleared', async () => {
      await expect(create().clearAbsence(aFreshSession())).resolves.toBeUndefined();
    });

    test('an absence counts for a day; an older one confirms nothing', async () => {
      const notes = create();
      const session = aFreshSession();
      await notes.noteAbsence(session, NOW_MS);

      expect(await notes.noteAbsence(session, NOW_MS + DAY_MS - 1)).toBe(NOW_MS);
      expect(await notes.noteAbsence(session, NOW_MS + DAY_MS)).toBe(NOW_MS + DAY_MS);
      expect(await notes.noteAbsence(session, NOW_MS + DAY_MS + 1)).toBe(NOW_MS + DAY_MS);
    });

    test('many that note an absence at once agree on one moment', async () => {
      const notes = create();
      const session = aFreshSession();

      const noted = await Promise.all([1, 2, 3, 4].map((ms) => notes.noteAbsence(session, NOW_MS + ms)));

      expect(new Set(noted).size).toBe(1);
    });

    test('absences of the same session id on two websites are two', async () => {
      const notes = create();
      const here = aFreshSession();
      await notes.noteAbsence(here, NOW_MS);

      const firstMs = await notes.noteAbsence(aSession(here.sessionId, OTHER_WEBSITE_ID), NOW_MS + 7);

      expect(firstMs).toBe(NOW_MS + 7);
    });

    test('stale reads are counted by message, from one, also at once', async () => {
      const notes = create();
      const message = aFreshSession().sessionId;

      const counts = await Promise.all([1, 2, 3].map((ms) => notes.countStaleRead(message, NOW_MS + ms)));

      expect(counts.sort()).toEqual([1, 2, 3]);
      expect(await notes.countStaleRead(`${message}-other`, NOW_MS)).toBe(1);
    });
  });
}

let serial = 0;

function aFreshSession(): SessionRef {
  serial += 1;
  return aSession(`session_notes-${serial}`);
}
