import { describe, expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkDataStaysData } from './data-stays-data.ts';

const code = readSourceFiles(['lib', 'functions'], ['.ts']);
const inLib = (text: string, path = 'lib/use-cases/a.ts') => [{ path, text }];

describe('data', () => {
  test('is never run, and never merged into what is ours', () => {
    expect(checkDataStaysData(code)).toEqual([]);
  });

  test.each([
    "import { exec } from 'node:child_process';",
    "import { runInNewContext } from 'node:vm';",
    'eval(text);',
    "const run = new Function('a', text);",
    'const pattern = new RegExp(query);',
    'Object.assign(record, parsed);',
  ])('%s is a violation', (text) => {
    expect(checkDataStaysData(inLib(text))).toHaveLength(1);
    expect(checkDataStaysData(inLib(text, 'lib/local/a.ts'))).toEqual([]);
  });

  test.each([
    'const name = pattern.exec(text);',
    'type Run = (a: Function) => void;',
    '// eval(text)',
    "'eval(x)';",
  ])('%s is none', (text) => {
    expect(checkDataStaysData(inLib(text))).toEqual([]);
  });
});
