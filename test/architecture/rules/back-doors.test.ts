import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkBackDoors } from './back-doors.ts';

test('nothing can switch the verification of hooks off', () => {
  const files = readSourceFiles(
    ['lib', 'functions', 'infra', 'scripts', 'serverless.yml'],
    ['.ts', '.js', '.yml'],
  );

  expect(files.some(({ path }) => path === 'serverless.yml')).toBe(true);
  expect(checkBackDoors(files)).toEqual([]);
});

test.each([
  ['lib/app/a.ts', "if (environment.SKIP_VERIFY === '1') return;"],
  ['lib/app/a.ts', 'const { allowUnsigned } = config;'],
  ['infra/a.yml', 'CRISP_HOOK_SKIP_SIGNATURE: true'],
  ['lib/core/a.ts', 'function withoutVerification() {}'],
])('%s may not contain %s', (path, text) => {
  expect(checkBackDoors([{ path, text }])).toHaveLength(1);
});

test('to say that there is no such switch is none', () => {
  expect(checkBackDoors([{ path: 'lib/app/a.ts', text: '// There is no SKIP_VERIFY.' }])).toEqual([]);
});
