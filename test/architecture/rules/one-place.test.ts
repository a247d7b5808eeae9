import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkClock, checkEnvironment } from './one-place.ts';

const files = readSourceFiles(['lib', 'functions', 'infra'], ['.ts', '.js']);

test('the clock is read in one file', () => {
  expect(checkClock(files)).toEqual([]);
});

test.each(['const nowMs = Date.now();', 'const clock = Date.now;', 'const now = new Date().toISOString();'])(
  'no other file may contain %s',
  (text) => {
    expect(checkClock([{ path: 'lib/local/a.ts', text }])).toHaveLength(1);
    expect(checkClock([{ path: 'lib/adapters/system-clock.ts', text }])).toEqual([]);
  },
);

test('the environment is read in one file', () => {
  expect(checkEnvironment(files)).toEqual([]);
});

test.each([
  'const stage = process.env.STAGE;',
  "const stage = process['env'].STAGE;",
  'const { env } = process;',
  'const { env: environment } = process;',
])('no other file may read the environment by %s', (text) => {
  expect(checkEnvironment([{ path: 'functions/a.ts', text }])).toHaveLength(1);
  expect(checkEnvironment([{ path: 'lib/app/load-config.ts', text }])).toEqual([]);
});
