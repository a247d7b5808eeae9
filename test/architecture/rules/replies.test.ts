import { describe, expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkReplies } from './replies.ts';

const code = readSourceFiles(['lib', 'functions'], ['.ts']);
const inLib = (text: string, path = 'lib/use-cases/a.ts') => [{ path, text }];

describe('replies', () => {
  const replying = (text: string) =>
    inLib(`return { statusCode: 500, ${text} };`, 'lib/adapters/function-url.ts');

  test('carry a code, and nothing that helps an attacker', () => {
    expect(checkReplies(code)).toEqual([]);
  });

  test.each([
    'body: error.stack',
    'body: error.message',
    'headers: { server: VERSION }',
    "headers: { 'x-powered-by': 'us' }",
    "headers: { 'access-control-allow-origin': '*' }",
    'body: JSON.stringify({ code, detail })',
  ])('one with %s is a violation', (text) => {
    expect(checkReplies(replying(text))).not.toEqual([]);
  });

  test('who writes no replies may know all that', () => {
    expect(checkReplies(inLib('log(error.stack, VERSION);'))).toEqual([]);
  });
});
