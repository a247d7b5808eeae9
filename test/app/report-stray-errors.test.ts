import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { reportStrayErrors } from '../../lib/app/report-stray-errors.ts';
import { EVERY_CANARY, findCanaries } from '../support/canaries.ts';
import { hostileErrors } from '../support/hostile-errors.ts';

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
