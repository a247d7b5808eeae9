import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkCrispUrls } from './crisp-urls.ts';

test("Crisp's URLs are put together in one file", () => {
  expect(checkCrispUrls(readSourceFiles(['lib', 'functions'], ['.ts']))).toEqual([]);
});

test.each([
  ['a template with a host', 'const url = `https://$' + '{host}/v1`;'],
  ['a template with a path', 'const path = `/website/$' + '{websiteId}/conversation`;'],
  ['a joined path', "const path = '/conversation/' + sessionId;"],
  ['a template below a base', 'const url = `$' + '{base}/conversation/$' + '{sessionId}`;'],
])('%s is a violation anywhere else', (_case, text) => {
  expect(checkCrispUrls([{ path: 'lib/adapters/a.ts', text }])).not.toEqual([]);
  expect(checkCrispUrls([{ path: 'lib/core/crisp/crisp-url.ts', text }])).toEqual([]);
});

test.each([
  ['a URL of this machine', 'const url = `http://127.0.0.1:$' + '{port}/webhook`;'],
  ['a whole URL', "const url = 'https://api.crisp.chat/v1';"],
  ['a comment', '// GET /website/{id}/conversation/$' + '{x}'],
])('%s is none', (_case, text) => {
  expect(checkCrispUrls([{ path: 'lib/local/a.ts', text }])).toEqual([]);
});
