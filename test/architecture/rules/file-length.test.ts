import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkFileLength } from './file-length.ts';

test('no file is longer than 300 lines', () => {
  const places = ['functions', 'infra', 'lib', 'scripts', 'test'];

  expect(checkFileLength(readSourceFiles(places, ['.ts', '.js', '.mjs', '.yml', '.css']))).toEqual([]);
});

test('a file of 301 lines is a violation, one of 300 is none', () => {
  const path = 'lib/core/a.ts';

  expect(checkFileLength([{ path, text: 'a;\n'.repeat(301) }])).toEqual([`${path} has 301 lines`]);
  expect(checkFileLength([{ path, text: 'a;\n'.repeat(300) }])).toEqual([]);
});
