import { describe, expect, test } from 'vitest';
import type { FailureNotes, MessageNotes } from '../../lib/ports/message-notes.ts';

const OWN = { spendsAttempt: true, isPermanent: false, maxAttempts: 5, nowMs: 1_790_856_000_500 };
const FAILURE = { code: 'crisp_rejected', detail: '400', hint: 'ask', status: 400 } as const;

export interface FailureNotesUnderTest {
  readonly notes: MessageNotes;
  readonly failureNotes: FailureNotes;
}

/** What a reading of many failures must do; `create` gives it empty or shared, for each message is used once. */
export function describeFailureNotes(implementation: string, create: () => FailureNotesUnderTest): void {
  describe(`failure notes: ${implementation}`, () => {
    test('the failures that are known are read as they were noted, and of others nothing', async () => {
      const { notes, failureNotes } = create();
      const [first, second, unknown] = someMessages(3);
      await notes.noteFailure(first, FAILURE, OWN);
      const newest = await notes.noteFailure(second, FAILURE, OWN);

      const read = await failureNotes.readMany([second, unknown, first]);

      expect([...read.keys()].sort()).toEqual([first, second].sort());
      expect(read.get(second)).toEqual(newest);
    });

    test('other notes about a message are no failures', async () => {
      const { notes, failureNotes } = create();
      const [message] = someMessages(1);
      await notes.noteAbsence(message, OWN.nowMs);
      await notes.countStaleRead(message, OWN.nowMs);

      expect(await failureNotes.readMany([message])).toEqual(new Map());
    });

    test('a message may be asked for twice, and nothing may be asked for', async () => {
      const { notes, failureNotes } = create();
      const [message] = someMessages(1);
      await notes.noteFailure(message, FAILURE, OWN);

      expect((await failureNotes.readMany([message, message])).size).toBe(1);
      expect((await failureNotes.readMany([])).size).toBe(0);
    });

    test('more are read than one call can ask for', async () => {
      const { notes, failureNotes } = create();
      const messages = someMessages(250);
      for (const message of messages) await notes.noteFailure(message, FAILURE, OWN);

      expect((await failureNotes.readMany(messages)).size).toBe(250);
    });
  });
}

let serial = 0;

function someMessages(count: number): [string, string, string, ...string[]] {
  const more = Array.from({ length: Math.max(0, count - 3) }, aFreshMessage);
  return [aFreshMessage(), aFreshMessage(), aFreshMessage(), ...more];
}

function aFreshMessage(): string {
  serial += 1;
  return `failed-message-${serial}`;
}
