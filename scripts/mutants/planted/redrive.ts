import type { Mutant } from '../mutant.ts';

const BATCHES = 'lib/adapters/sqs/sqs-session-batches.ts';

/** Bugs in how dead letters, and whatever else is many, are sent. */
export const REDRIVE_MUTANTS: readonly Mutant[] = [
  {
    id: 'M2',
    title: 'What the queue names as failed in a batch counts as sent',
    patches: [
      {
        file: BATCHES,
        find: '  if (failed) return toFailed(failed);',
        replace: "  if (failed) return { outcome: 'queued', messageId: id };",
      },
    ],
    tests: ['test/adapters/sqs/sqs-session-batches.test.ts'],
    faults: ['F26'],
  },
  {
    id: 'M3',
    title: 'What the queue does not mention in its answer counts as sent',
    patches: [
      {
        file: BATCHES,
        find: "  return messageId ? { outcome: 'queued', messageId } : UNANSWERED;",
        replace: "  return { outcome: 'queued', messageId: messageId ?? id };",
      },
    ],
    tests: ['test/adapters/sqs/sqs-session-batches.test.ts'],
    faults: ['F27'],
  },
  {
    id: 'M12',
    title: 'A redrive deletes the dead letter before it sends',
    patches: [
      {
        file: 'lib/use-cases/dead-letters/redrive-selected.ts',
        find: '    const queued = await send(letters, limit);',
        replace: `    await queue.delete(letters.map(({ receiptHandle }) => receiptHandle));
    const queued = await send(letters, limit);`,
      },
    ],
    tests: [
      'test/use-cases/dead-letters/redrive-selected.test.ts',
      'test/use-cases/dead-letters/redrive-dead-letters.test.ts',
    ],
  },
];
