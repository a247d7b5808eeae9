import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aTemporaryFolder } from '../support/a-temporary-folder.ts';
import { createCliScene } from '../support/create-cli-scene.ts';
import { letters } from '../support/create-dead-letter-scene.ts';

test('dead letters go to a new file, one a line, for its owner alone', async () => {
  const folder = await aTemporaryFolder();
  const path = join(folder, 'dead.jsonl');
  const { run, err, out, queue } = createCliScene();
  queue.bury(...letters(12));

  expect(await run('dlq', 'export', '--output', path)).toBe(0);

  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  expect(JSON.parse(lines[3] ?? '')).toMatchObject({ session_id: 'session_3', body: expect.any(String) });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(err()).toBe(`12 dead letters exported to ${path}.`);
  expect(out()).toBe('');
  expect(queue.visibleIds()).toHaveLength(12);
});

test.each([[[]], [['--output', '-']]])('%j writes to standard output', async (args) => {
  const { run, out, queue } = createCliScene();
  queue.bury(...letters(2));

  expect(await run('dlq', 'export', ...args)).toBe(0);
  expect(
    out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).session_id),
  ).toEqual(['session_0', 'session_1']);
});

test('a file that exists is replaced with --force alone, and then is for its owner alone', async () => {
  const path = join(await aTemporaryFolder(), 'dead.jsonl');
  await writeFile(path, 'mine', { mode: 0o644 });
  const { run, err, queue } = createCliScene();
  queue.bury(...letters(1));

  expect(await run('dlq', 'export', '--output', path)).toBe(2);
  expect(err()).toContain('exists; add --force to replace it');
  expect(await readFile(path, 'utf8')).toBe('mine');

  expect(await run('dlq', 'export', '--output', path, '--force')).toBe(0);
  expect(await readFile(path, 'utf8')).toContain('session_0');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a folder and a link are no places for it, not even with --force', async () => {
  const folder = await aTemporaryFolder();
  const [directory, link] = [join(folder, 'directory'), join(folder, 'link')];
  await mkdir(directory);
  await symlink('/etc/passwd', link);

  for (const path of [directory, link]) {
    const { run, err } = createCliScene();
    expect(await run('dlq', 'export', '--output', path, '--force')).toBe(2);
    expect(err()).toContain('is not a plain file');
  }
});

test('a place that cannot be written is told', async () => {
  const path = join(await aTemporaryFolder(), 'no', 'such', 'folder', 'dead.jsonl');
  const { run, err } = createCliScene();

  expect(await run('dlq', 'export', '--output', path)).toBe(1);
  expect(err()).toContain('cannot be written (ENOENT)');
});

test('an export that fails leaves nothing behind, and what was there stays', async () => {
  const folder = await aTemporaryFolder();
  const path = join(folder, 'dead.jsonl');
  await writeFile(path, 'mine');
  const { run, queue } = createCliScene();
  queue.bury(...letters(1));
  queue.receive = async () => Promise.reject(new Error('away'));

  expect(await run('dlq', 'export', '--output', path, '--force')).toBe(1);
  expect(await readdir(folder)).toEqual(['dead.jsonl']);
  expect(await readFile(path, 'utf8')).toBe('mine');
});
