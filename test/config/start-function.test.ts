import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { reportStrayErrors, startFunction, withoutForeignErrors } from '../../lib/config/start-function.ts';
import { BadInvocationError, ConfigError, JobError } from '../../lib/errors.ts';
import { EVERY_CANARY, findCanaries, hostileErrors } from '../support/hostile.ts';

describe('report stray errors', () => {
  /** A process on which Lambda's runtime already listens. */
  function createScene() {
    const lines: string[] = [];
    const exit = vi.fn();
    const runtime = vi.fn();
    const source = Object.assign(new EventEmitter(), { exit });
    source.on('unhandledRejection', runtime).on('uncaughtException', runtime);
    reportStrayErrors(source, (line) => lines.push(line));
    return { source, lines, exit, runtime };
  }

  test.each(Object.entries(hostileErrors(EVERY_CANARY)))(
    '%s that nobody caught is one line, in our own words alone, and never reaches the runtime',
    (_, thrown) => {
      const { source, lines, runtime } = createScene();

      source.emit('unhandledRejection', thrown());
      source.emit('uncaughtException', thrown());

      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { level: 'ERROR', message: 'stray-error', event: 'unhandledRejection', code: 'unexpected' },
        { level: 'ERROR', message: 'stray-error', event: 'uncaughtException', code: 'unexpected' },
      ]);
      expect(findCanaries(lines.join('\n'))).toEqual([]);
      expect(runtime).not.toHaveBeenCalled();
    },
  );

  test('a promise that nobody waits for does not end the process, and an exception does', () => {
    const { source, exit } = createScene();

    source.emit('unhandledRejection', new Error());
    expect(exit).not.toHaveBeenCalled();
    source.emit('uncaughtException', new Error());
    expect(exit).toHaveBeenCalledWith(1);
  });
});

describe('without foreign errors', () => {
  const hostile = Object.entries(hostileErrors(EVERY_CANARY));

  test('what a handler is given and what it answers is passed on', async () => {
    await expect(withoutForeignErrors(async (a: number, b: number) => a + b)(1, 2)).resolves.toBe(3);
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
        const expected = { name: 'InvocationError', message: expect.stringMatching(/^unexpected: /) };
        expect(failure).toMatchObject(expected);
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
    await expect(withoutForeignErrors(async () => Promise.reject(own))()).rejects.toBe(own);
  });

  async function startAsync(start: () => never): Promise<never> {
    return startFunction(start);
  }

  function keep(thrown: unknown): unknown {
    return thrown;
  }
});
