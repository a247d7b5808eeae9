import type { Mutant } from '../mutant.ts';

/** Bugs in what is asked of Crisp, and in what its answers are taken for. */
export const FETCH_MUTANTS: readonly Mutant[] = [
  {
    id: 'M6b',
    title: 'No freshness check: an answer without the newest message is announced at once',
    patches: [
      {
        file: 'lib/use-cases/consume/refresh-session.ts',
        find: 'if (coversLatestMessage(fetched.conversation, fetched.messages) !== false) return 0;',
        replace: 'if (coversLatestMessage(fetched.conversation, fetched.messages) !== undefined) return 0;',
      },
    ],
    tests: ['test/use-cases/consume/refresh-session.test.ts'],
  },
  {
    id: 'M7',
    title: 'A removal is announced at the first 404',
    patches: [
      {
        file: 'lib/core/retry/decide-failure.ts',
        find: '  return missingForMs >= ABSENCE_CONFIRMED_AFTER_MS',
        replace: '  return missingForMs >= 0',
      },
    ],
    tests: [
      'test/use-cases/consume/confirm-removal.test.ts',
      'test/use-cases/consume/refresh-session.test.ts',
    ],
  },
  {
    id: 'M10',
    title: 'Every call has a rate limit of its own',
    patches: [
      {
        file: 'lib/adapters/crisp/throttle.ts',
        find: '    if (signal?.aborted) return Promise.reject(signal.reason);',
        replace: `    bucket = createTokenBucket({ ratePerSecond, burst, nowMs: clock.nowMs() });
    if (signal?.aborted) return Promise.reject(signal.reason);`,
      },
    ],
    tests: ['test/adapters/crisp/throttle.test.ts'],
  },
];
