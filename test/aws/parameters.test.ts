import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSsmParameterReader } from '../../lib/aws/parameters.ts';
import { listenOnLoopback } from '../../lib/local/http-server.ts';
import { startParameterStore } from '../support/parameters.ts';

const CREDENTIALS = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

describe('read a parameter', () => {
  async function setUp(parameters: Record<string, string> = {}) {
    const store = await startParameterStore(parameters);
    onTestFinished(store.stop);
    return { store, read: createSsmParameterReader({ ...CREDENTIALS, AWS_ENDPOINT_URL_SSM: store.url }) };
  }

  test('its value is read, and none of that name is undefined', async () => {
    const { read } = await setUp({ '/crisp-enrich/test/CRISP_TOKEN_KEY': 'the-key' });

    expect(await read('/crisp-enrich/test/CRISP_TOKEN_KEY')).toBe('the-key');
    expect(await read('/crisp-enrich/test/CRISP_HOOK_SECRETS')).toBeUndefined();
  });

  test.each([
    ['AccessDeniedException', 1],
    ['ThrottlingException', 2],
  ])('%s is thrown by its name, after %i tries', async (type, tries) => {
    const { store, read } = await setUp();
    store.refuse(type);

    await expect(read('/a')).rejects.toMatchObject({ name: type });
    expect(store.calls).toHaveLength(tries);
  });

  test('an answer that is none of SSM is thrown by its status', async () => {
    const server = createServer((_request, response) => response.writeHead(502).end('<html>'));
    const door = await listenOnLoopback(server, 0);
    onTestFinished(door.stop);

    await expect(
      createSsmParameterReader({ ...CREDENTIALS, AWS_ENDPOINT_URL: door.url })('/a'),
    ).rejects.toMatchObject({ name: 'http_502' });
  });

  test('a connection that is refused is thrown by its code', async () => {
    const door = await listenOnLoopback(createServer(), 0);
    await door.stop();

    await expect(
      createSsmParameterReader({ ...CREDENTIALS, AWS_ENDPOINT_URL: door.url })('/a'),
    ).rejects.toMatchObject({ name: 'ECONNREFUSED' });
  });
});
