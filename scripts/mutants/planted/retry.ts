import type { Mutant } from '../mutant.ts';

const BACKOFF = 'lib/core/retry/backoff.ts';

/** Bugs in what becomes of a failure. */
export const RETRY_MUTANTS: readonly Mutant[] = [
  {
    id: 'M8',
    title: "A rejected token counts as the session's own failure, and no breaker opens",
    patches: [
      {
        file: 'lib/core/errors/job-error.ts',
        find: "  crisp_auth_failed: 'outage',",
        replace: "  crisp_auth_failed: 'transient',",
      },
    ],
    tests: [
      'test/use-cases/breaker/create-breaker.test.ts',
      'test/core/breaker/to-evidence.test.ts',
      'test/core/retry/weigh-failure.test.ts',
      'test/chaos/scenarios/scenarios.test.ts',
    ],
    faults: ['F46'],
  },
  {
    id: 'M9',
    title: 'The backoff has neither jitter nor a cap',
    patches: [
      {
        file: BACKOFF,
        find: '  const bound = Math.min(MAX_BACKOFF_SECONDS, baseSeconds * 2 ** Math.min(attempt, 20));',
        replace: '  const bound = baseSeconds * 2 ** attempt;',
      },
      {
        file: BACKOFF,
        find: '  const backoff = baseSeconds + random() * Math.max(0, bound - baseSeconds);',
        replace: '  const backoff = bound;',
      },
    ],
    tests: ['test/core/retry/backoff.test.ts', 'test/core/retry/decide-failure.test.ts'],
  },
];
