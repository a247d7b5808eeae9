import { describe, expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkRequests } from './requests.ts';

const code = readSourceFiles(['lib', 'functions'], ['.ts']);
const inLib = (text: string, path = 'lib/use-cases/a.ts') => [{ path, text }];

describe('requests', () => {
  test("leave the pipeline through Crisp's client and the AWS SDK alone", () => {
    expect(checkRequests(code)).toEqual([]);
  });

  test.each([
    'await fetch(message.content.url);',
    "import { request } from 'undici';",
    "import { get } from 'node:https';",
    "const { connect } = await import('node:net');",
    'const socket = new WebSocket(url);',
  ])('%s is a violation', (text) => {
    expect(checkRequests(inLib(text))).toHaveLength(1);
    expect(checkRequests(inLib(text, 'lib/adapters/crisp/a.ts'))).toEqual([]);
  });

  test.each(['crisp.fetch(session);', 'const refetch = () => prefetch(1);', "'fetch (now)';"])(
    '%s is none',
    (text) => {
      expect(checkRequests(inLib(text))).toEqual([]);
    },
  );
});
