import { expect, test } from 'vitest';
import { describeDefect } from '../../../lib/core/errors/describe-defect.ts';

test('a defect is told by its class and its innermost places, never by its message', () => {
  const { name, where } = describeDefect(new TypeError('ada@example.com wrote\n    at lunch'));

  expect(name).toBe('TypeError');
  expect(where).toMatch(/^at .*describe-defect\.test\.ts:\d+:\d+/);
  expect(where).not.toMatch(/ada|lunch/);
});

test.each([
  ['null', null, 'null'],
  ['text', 'ada@example.com', 'string'],
  ['a frozen object', Object.freeze({}), 'object'],
  [
    'an error whose stack throws',
    Object.defineProperty(new Error('x'), 'stack', {
      get: () => {
        throw new Error('getter');
      },
    }),
    'Error',
  ],
])('%s is described too', (_, thrown, name) => {
  expect(describeDefect(thrown)).toEqual({ name, where: '' });
});
