import { describe, expect, test } from 'vitest';
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

    test('a verdict is read as it was noted, and of no other message', async () => {
      const notes = create();
      const [plain, detailed] = [aFreshMessage(), aFreshMessage()];
      await notes.noteVerdict(plain, { code: 'paging_cap_reached', detail: undefined }, NOW_MS);
      await notes.noteVerdict(detailed, { code: 'crisp_rejected', detail: '400' }, NOW_MS);

      expect(await notes.readVerdict(plain)).toEqual({ code: 'paging_cap_reached', detail: undefined });
      expect(await notes.readVerdict(detailed)).toEqual({ code: 'crisp_rejected', detail: '400' });
      expect(await notes.readVerdict(aFreshMessage())).toBeUndefined();
    });
  });
}

let serial = 0;

function aFreshMessage(): string {
  serial += 1;
  return `message-${serial}`;
}
