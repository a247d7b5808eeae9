import { describe, expect, test } from 'vitest';
import type { LookNotes, RedriveNotes } from '../../lib/ports/redrive-notes.ts';
import { aFreshSession } from '../support/run-builders.ts';

const NOW_MS = 1_790_856_000_500;

/** What all notes about redrives must do; `create` may give shared ones, for each session is used once. */
export function describeRedriveNotes(implementation: string, create: () => RedriveNotes): void {
  describe(`redrive notes: ${implementation}`, () => {
    test('a session that was never redriven counts none', async () => {
      expect(await create().countSince(aFreshSession(), 0)).toBe(0);
    });

    test('redrives count from the moment that is asked for, that moment included', async () => {
      const notes = create();
      const session = aFreshSession();
      for (const ms of [1, 2, 3]) await notes.note(session, NOW_MS + ms);

      expect(await notes.countSince(session, NOW_MS)).toBe(3);
      expect(await notes.countSince(session, NOW_MS + 2)).toBe(2);
      expect(await notes.countSince(session, NOW_MS + 4)).toBe(0);
    });

    test('two redrives of one moment are two, also when noted at once', async () => {
      const notes = create();
      const session = aFreshSession();

      await Promise.all([notes.note(session, NOW_MS), notes.note(session, NOW_MS)]);

      expect(await notes.countSince(session, NOW_MS)).toBe(2);
    });

    test('sessions are counted apart', async () => {
      const notes = create();
      const session = aFreshSession();
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
