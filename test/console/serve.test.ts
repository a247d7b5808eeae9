import { expect, onTestFinished, test, vi } from 'vitest';
import { serveConsole } from '../../lib/console/serve.ts';
import { createCliScene } from '../support/cli.ts';
import { createConsoleScene } from '../support/console-scene.ts';

test('a console over a stage listens on this machine, and is gone once it was stopped', async () => {
  const { operations, clock } = createConsoleScene({ isDeployed: true });
  const close = vi.spyOn(operations, 'close');
  const served = await serveConsole({ token: 'abc', port: 0, clock, connect: async () => operations });
  const { origin, hash, pathname } = new URL(served.url);

  expect([hash, pathname]).toEqual(['#token=abc', '/console']);
  expect((await fetch(served.url)).status).toBe(200);
  expect((await fetch(`${origin}/`)).status).toBe(404);
  expect((await fetch(`${origin}/console/api/overview`)).status).toBe(401);
  await served.stop();
  await expect(fetch(served.url)).rejects.toThrow('fetch failed');
  expect(close).not.toHaveBeenCalled();
});

test('a port that is taken is named', async () => {
  const { clock, operations } = createConsoleScene();
  const options = { token: 'abc', clock, connect: async () => operations };
  const first = await serveConsole({ ...options, port: 0 });
  onTestFinished(first.stop);

  const second = serveConsole({ ...options, port: Number(new URL(first.url).port) });
  await expect(second).rejects.toMatchObject({ code: 'port_in_use' });
});

test('the command names the console of the local mode that runs', async () => {
  const scene = createCliScene();
  Object.assign(scene.operations.stage, { consoleUrl: 'http://127.0.0.1:4700/console#token=abc' });
  onTestFinished(() => void Object.assign(scene.operations.stage, { consoleUrl: undefined }));

  expect(await scene.run('console')).toBe(0);
  expect(scene.out()).toBe('Console: http://127.0.0.1:4700/console#token=abc\n');
});

test('the command serves a stage until it is ended', async () => {
  const scene = createCliScene();
  const work = scene.run('console', '--stage', 'prod', '--json');
  const url = await vi.waitFor(() => {
    expect(scene.out()).toContain('}');
    return new URL(scene.json().console);
  });
  expect((await fetch(url)).status).toBe(200);
  scene.stop.abort();

  expect(await work).toBe(130);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test.each([
  [['console', '--port', '80', '--stage', 'prod'], '--port must be 1024–65535'],
  [['console', '--port', '4711'], '--port goes with --stage'],
])('%j is not understood', async (args, sentence) => {
  const scene = createCliScene();
  expect(await scene.run(...args)).toBe(2);
  expect(scene.err()).toContain(sentence);
});
