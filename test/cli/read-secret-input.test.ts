import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readSecretInput } from '../../lib/cli/read-secret-input.ts';

function aTerminal() {
  const rawModes: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(isRaw: boolean) {
      rawModes.push(isRaw);
    },
  });
  const shown: string[] = [];
  const { signal } = new AbortController();
  const secret = readSecretInput('CRISP_TOKEN_KEY', { input, signal, prompt: (text) => shown.push(text) });
  return { input, rawModes, shown, secret };
}

test('what a person types is asked for by name and not shown', async () => {
  const { input, rawModes, shown, secret } = aTerminal();

  input.write('key-of-the-token\r');

  expect(await secret).toBe('key-of-the-token');
  expect(shown).toEqual(['CRISP_TOKEN_KEY: ', '\n']);
  // The terminal echoes nothing in raw mode, and is left as it was found.
  expect(rawModes).toEqual([true, false]);
});

test.each([
  ['Ctrl-C', '\x03'],
  ['Ctrl-D', '\x04'],
])('%s ends the question without a secret', async (_name, key) => {
  const { input, secret } = aTerminal();

  input.write(`half${key === '\x04' ? '\x15' : ''}${key}`);

  await expect(secret).rejects.toMatchObject({ code: 'usage' });
});

test('a piped secret loses one line end and nothing else', async () => {
  const input = new PassThrough();
  const { signal } = new AbortController();
  input.end(' two\nlines\n\r\n');

  expect(await readSecretInput('CRISP_TOKEN_KEY', { input, signal, prompt: () => undefined })).toBe(
    ' two\nlines\n',
  );
});

test('a whole file is no secret', async () => {
  const input = new PassThrough();
  const { signal } = new AbortController();
  input.end(Buffer.alloc(70_000, 'x'));

  const reading = readSecretInput('CRISP_TOKEN_KEY', { input, signal, prompt: () => undefined });

  await expect(reading).rejects.toMatchObject({ code: 'usage' });
});
