import type { Mutant } from '../mutant.ts';

const ACCEPT = 'lib/use-cases/accept-webhook.ts';

/** Bugs on the way into the queue. */
export const INTAKE_MUTANTS: readonly Mutant[] = [
  {
    id: 'M1',
    title: 'A delivery is acknowledged before the queue has its message',
    patches: [
      {
        file: ACCEPT,
        find: '      return await Promise.race([queue.send(coalesced), deadline]);',
        replace: `      queue.send(coalesced).catch(() => undefined);
      return await Promise.race([{ messageId: coalesced.deduplicationId, sequenceNumber: undefined }, deadline]);`,
      },
    ],
    tests: ['test/use-cases/accept-webhook.test.ts', 'test/app/create-webhook-handler.test.ts'],
  },
  {
    id: 'M6a',
    title: 'No freshness check: a signed delivery is accepted at any age',
    patches: [
      {
        file: ACCEPT,
        find: 'checkHookAge(credential.emittedMs, clock.nowMs(), config.hookMaxAgeSeconds);',
        replace: 'void [checkHookAge, config.hookMaxAgeSeconds];',
      },
    ],
    tests: ['test/use-cases/accept-webhook.test.ts', 'test/app/webhook-bad-input.test.ts'],
    faults: ['F3'],
  },
  {
    id: 'M13',
    title: 'The coalescer keeps the first event only: later buckets are dropped as its twins',
    patches: [
      {
        file: 'lib/core/job/coalesce.ts',
        find: 'deduplicationId: toDeduplicationId(session, mode, bucketMs, coalesceSeconds),',
        replace:
          'deduplicationId: toDeduplicationId(session, mode, Math.floor(bucketMs / 300_000) * 300_000, coalesceSeconds),',
      },
    ],
    tests: ['test/core/job/coalesce.test.ts', 'test/use-cases/accept-webhook.test.ts'],
  },
  {
    id: 'M14',
    title: 'The signature is checked over the JSON written anew, not over the bytes',
    patches: [
      {
        file: ACCEPT,
        find: '    await verify(credential, body);',
        replace:
          "    await verify(credential, Buffer.from(JSON.stringify(JSON.parse(Buffer.from(body).toString('utf8')))));",
      },
    ],
    tests: ['test/use-cases/accept-webhook.test.ts', 'test/app/create-webhook-handler.test.ts'],
    faults: ['F17'],
  },
];
