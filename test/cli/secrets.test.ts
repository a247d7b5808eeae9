import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSecretInput } from '../../lib/cli/commands/secrets-set.ts';
import { runCli } from '../../lib/cli/run.ts';
import { parseOperatorConfig } from '../../lib/config/local-config.ts';
import { runCliProcess } from '../support/cli.ts';
import { type ParameterStore, startParameterStore } from '../support/parameters.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('secrets', () => {
  const SECRET = 'whsec_9f1c7a52e0b84d36';
  const PATH = '/crisp-enrich/prod/';

  let store: ParameterStore;

  beforeEach(async () => {
    store = await startParameterStore();
  });

  afterEach(() => store.stop());

  test('a secret is stored encrypted as it was piped in, less the end of its line, and shown nowhere', async () => {
    const { exitCode, stdout, stderr } = await set('CRISP_HOOK_SECRETS', `${SECRET}\n`);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const expected = { Value: SECRET, Type: 'SecureString' };
    expect(store.parameters.get(`${PATH}CRISP_HOOK_SECRETS`)).toMatchObject(expected);
    expect(stdout).not.toContain(SECRET);
    expect(stdout).toContain('It is shorter than 32 characters');
    expect(stdout).toContain(
      'Still missing: npx crisp-enrich secrets set CRISP_TOKEN_KEY --stage prod --region ',
    );
  });

  test('a key that was named once stays in use', async () => {
    await set('CRISP_TOKEN_KEY', 'the-first-key-of-it', '--kms-key', 'alias/ours');

    const { stdout } = await set('CRISP_TOKEN_KEY', 'the-second-key-of-it', '--json');

    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'stored', version: 2, region: 'eu-west-1' });
    const expected = { Value: 'the-second-key-of-it', KeyId: 'alias/ours' };
    expect(store.parameters.get(`${PATH}CRISP_TOKEN_KEY`)).toMatchObject(expected);
  });

  test.each([
    ['nothing', ''],
    ['a line end', '\n'],
    ['a short one', 'short-secret\n'],
    ['a placeholder', '<your-secret-here-please>\n'],
    ['two lines', `${SECRET}\n${SECRET}\n`],
  ])('%s is not stored, and the reason shows no secret', async (_case, input) => {
    const { exitCode, stdout, stderr } = await set('CRISP_HOOK_SECRETS', input);

    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^nothing was stored\. CRISP_HOOK_SECRETS: [^\n]+\n$/);
    expect(stdout + stderr).not.toContain(input.trim() || 'undefined');
    expect(store.calls).toEqual([]);
  });

  test.each([
    ['a secret as an argument', ['CRISP_HOOK_SECRETS', SECRET, '--stage', 'prod']],
    ['an assignment', [`CRISP_HOOK_SECRETS=${SECRET}`, '--stage', 'prod']],
    ['a secret as an option', ['CRISP_HOOK_SECRETS', '--stage', 'prod', `--secret=${SECRET}`]],
    ['no stage', ['CRISP_HOOK_SECRETS']],
    ['no name', ['--stage', 'prod']],
    ['local mode', ['CRISP_HOOK_SECRETS', '--stage', 'local']],
  ])('%s is refused in one sentence, and repeated nowhere', async (_case, words) => {
    const texts: string[] = [];

    const exitCode = await runCli(['secrets', 'set', ...words], {
      output: {
        write: async (text) => void texts.push(text),
        warn: (text) => void texts.push(text),
        fail: (text) => void texts.push(text),
      },
      clock: createVirtualClock(),
      signal: new AbortController().signal,
      ask: undefined,
      loadConfig: (options) => parseOperatorConfig({}, options),
      connect: () => Promise.reject(new Error('no stage is needed')),
    });

    expect(exitCode).toBe(2);
    expect(texts.join('').split('\n')).toHaveLength(1);
    expect(texts.join('')).not.toContain(SECRET);
  });

  test('the list says what exists and what is not encrypted, and holds no value', async () => {
    await set('CRISP_HOOK_SECRETS', SECRET);
    store.parameters.set(`${PATH}CRISP_TOKEN_KEY`, {
      Value: 'key-in-plain-sight',
      Type: 'String',
      Version: 3,
      LastModifiedDate: 1_790_856_000,
    });

    const { stdout } = await runCliProcess(['secrets', 'list', '--stage', 'prod'], {
      env: store.environment,
    });

    expect(stdout).toMatch(/^CRISP_HOOK_SECRETS +1 +2026-10-01T/m);
    expect(stdout).toMatch(/^CRISP_TOKEN_IDENTIFIER +- +missing$/m);
    expect(stdout).toMatch(/^CRISP_TOKEN_KEY +3 .*not encrypted/m);
    expect(stdout).not.toMatch(/whsec|plain-sight/);
  });

  test('a denied call names the right that is missing', async () => {
    store.refuse('AccessDeniedException');
    const { exitCode, stderr } = await set('CRISP_HOOK_SECRETS', SECRET);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^access denied: allow ssm:DescribeParameters on \/crisp-enrich\/prod\/\*/);
  });

  test.each([['set', 'CRISP_HOOK_SECRETS'], ['list']])(
    'secrets %s without credentials ends with one sentence',
    async (...words) => {
      const { AWS_ENDPOINT_URL_SSM } = store.environment;
      const options = { input: SECRET, env: { AWS_ENDPOINT_URL_SSM } };

      const { exitCode, stderr } = await runCliProcess(['secrets', ...words, '--stage', 'prod'], options);

      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^no AWS credentials found [^\n]+\n$/);
      expect(store.calls).toEqual([]);
    },
  );

  function set(name: string, input: string, ...more: readonly string[]) {
    const words = ['secrets', 'set', name, '--stage', 'prod', '--region', 'eu-west-1', ...more];
    return runCliProcess(words, { input, env: store.environment });
  }
});

describe('read secret input', () => {
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
});
