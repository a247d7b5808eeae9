import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startFunction } from '../../lib/app/start-function.ts';
import { withoutForeignErrors } from '../../lib/app/without-foreign-errors.ts';
import { BadInvocationError } from '../../lib/core/errors/bad-invocation-error.ts';
import { ConfigError } from '../../lib/core/errors/config-error.ts';
import { JobError } from '../../lib/core/errors/job-error.ts';
import { EVERY_CANARY, findCanaries } from '../support/canaries.ts';
import { hostileErrors } from '../support/hostile-errors.ts';

const hostile = Object.entries(hostileErrors(EVERY_CANARY));

test('what a handler is given and what it answers is passed on', async () => {
  const handler = withoutForeignErrors(async (a: number, b: number) => a + b);

  await expect(handler(1, 2)).resolves.toBe(3);
});

describe('whatever is thrown, nothing of it is shown but its class and where it was', () => {
  test.each(hostile)('%s', async (_, thrown) => {
    const handler = withoutForeignErrors(async () => {
      throw thrown();
    });
    const start = () => {
      throw thrown();
    };

    const failures = [await handler().catch(keep), await startAsync(start).catch(keep)];

    for (const failure of failures) {
      expect(failure).toMatchObject({
        name: 'InvocationError',
        message: expect.stringMatching(/^unexpected: /),
      });
      expect(findCanaries(inspect(failure, { depth: 10, showHidden: true, getters: true }))).toEqual([]);
    }
  });
});

test('a failure of a job is told by its code, without its cause', async () => {
  const cause = new Error(EVERY_CANARY);
  const handler = withoutForeignErrors(async () => {
    throw new JobError('ledger_failed', { detail: 'access_denied', cause });
  });

  const failure = await handler().catch(keep);

  expect(failure).toMatchObject({ message: 'ledger_failed:access_denied' });
  expect(failure).not.toHaveProperty('cause');
});

test.each([
  new BadInvocationError('bad_record', 'an SQS record lacks its messageId'),
  new ConfigError([{ code: 'config_missing', variable: 'CRISP_TIER', message: 'is missing' }]),
])('an error that is written for the log stays as it is: $name', async (own) => {
  const handler = withoutForeignErrors(async () => Promise.reject(own));

  await expect(handler()).rejects.toBe(own);
});

async function startAsync(start: () => never): Promise<never> {
  return startFunction(start);
}

function keep(thrown: unknown): unknown {
  return thrown;
}
