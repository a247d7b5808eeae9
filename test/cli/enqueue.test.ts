import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseWebsiteId, type WebsiteId } from '../../lib/core/ids.ts';
import { aTemporaryFolder } from '../support/a-temporary-folder.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { type CliScene, createCliScene } from '../support/create-cli-scene.ts';

const website = (text: string): WebsiteId => {
  const websiteId = parseWebsiteId(text);
  if (!websiteId) throw new Error('no website');
  return websiteId;
};
const websites = [website(WEBSITE_ID)];
const sent = ({ batches }: CliScene) => batches.sent.map(({ groupId, job }) => [groupId, job.mode]);

async function aFile(content: string | Uint8Array): Promise<string> {
  const path = join(await aTemporaryFolder(), 'sessions.txt');
  await writeFile(path, content);
  return path;
}

test('sessions are asked for in full, of the only website there is', async () => {
  const scene = createCliScene({ websites });

  expect(await scene.run('enqueue', 'session_a', `${OTHER_WEBSITE_ID}:session_b`)).toBe(0);

  expect(sent(scene)).toEqual([
    [`${WEBSITE_ID}:session_a`, 'full'],
    [`${OTHER_WEBSITE_ID}:session_b`, 'full'],
  ]);
  expect(scene.out()).toBe('2 sessions queued, 0 failed, 0 not read.\n');
});

test('a website that is listed in the configuration comes before what was seen', async () => {
  const scene = createCliScene({ websites, environment: { CRISP_WEBSITE_IDS: OTHER_WEBSITE_ID } });

  await scene.run('enqueue', 'session_a', '--mode', 'incremental');

  expect(sent(scene)).toEqual([[`${OTHER_WEBSITE_ID}:session_a`, 'incremental']]);
});

test('where there are several websites, or none, one has to be named, and the choices are told', async () => {
  const both = createCliScene({ websites: [website(WEBSITE_ID), website(OTHER_WEBSITE_ID)] });
  const none = createCliScene();

  expect(await both.run('enqueue', 'session_a')).toBe(2);
  expect(both.err()).toBe(
    `website_id_required: say which website with --website ID (one of ${WEBSITE_ID}, ${OTHER_WEBSITE_ID})`,
  );
  expect(await none.run('enqueue', 'session_a')).toBe(2);
  expect(await none.run('enqueue', 'session_a', '--website', WEBSITE_ID)).toBe(0);
});

test('a file has a session on each line, as text or as JSON', async () => {
  const scene = createCliScene({ websites });
  const lines = [
    'session_a',
    '',
    `  ${OTHER_WEBSITE_ID}:session_b  `,
    JSON.stringify({ website_id: OTHER_WEBSITE_ID, session_id: 'session_c', code: 'x' }),
    JSON.stringify({ websiteId: OTHER_WEBSITE_ID, sessionId: 'session_d' }),
  ];

  expect(await scene.run('enqueue', '--file', await aFile(lines.join('\r\n')))).toBe(0);

  expect(sent(scene).map(([group]) => group)).toEqual([
    `${WEBSITE_ID}:session_a`,
    `${OTHER_WEBSITE_ID}:session_b`,
    `${OTHER_WEBSITE_ID}:session_c`,
    `${OTHER_WEBSITE_ID}:session_d`,
  ]);
});

test('a line that is no session is named, and the others are enqueued', async () => {
  const scene = createCliScene({ websites });
  const path = await aFile('session_a\n../../x\n{"session_id":1}\n{nonsense\nsession_b\n');

  expect(await scene.run('enqueue', '--file', path)).toBe(3);

  expect(sent(scene)).toHaveLength(2);
  expect(scene.err()).toMatch(/^line 2: session_id_invalid: '\.\.\/\.\.\/x'/m);
  expect(scene.err()).toMatch(/^line 3: session_id_invalid/m);
  expect(scene.err()).toMatch(/^line 4: session_id_invalid: not a JSON object$/m);
  expect(scene.out()).toBe('2 sessions queued, 0 failed, 3 not read.\n');
});

test('thousands are enqueued as they are read', async () => {
  const scene = createCliScene({ websites });
  const lines = Array.from({ length: 5000 }, (_, index) => `session_${index}`);

  expect(await scene.run('enqueue', '--file', await aFile(lines.join('\n')), '--json')).toBe(0);

  expect(scene.json()).toEqual({ queued: 5000, failed: 0, unreadable: 0 });
  expect(new Set(scene.batches.sent.map(({ groupId }) => groupId)).size).toBe(5000);
});

test.each([
  ['an empty one', '', 1, /empty/],
  ['one that is not text', Uint8Array.of(0x73, 0xff, 0xfe, 0x0a), 1, /line 1 or soon after: not UTF-8/],
  ['one without line ends', 'x'.repeat(200_000), 1, /line 1: longer than 16384 characters/],
])('of files, %s is refused', async (_what, content, exitCode, sentence) => {
  const scene = createCliScene({ websites });

  expect(await scene.run('enqueue', '--file', await aFile(content))).toBe(exitCode);
  expect(scene.err()).toMatch(sentence);
  expect(sent(scene)).toEqual([]);
});

test('a file that is not there, or is a folder, is told', async () => {
  const scene = createCliScene({ websites });
  const folder = await aTemporaryFolder();

  expect(await scene.run('enqueue', '--file', join(folder, 'none'))).toBe(1);
  expect(await scene.run('enqueue', '--file', folder)).toBe(1);
  expect(scene.err()).toMatch(/none cannot be read \(ENOENT\)\n.* is a folder$/);
});

test('a session that the queue does not take is told with its code', async () => {
  const scene = createCliScene({ websites });
  scene.batches.refuse('session_b');

  expect(await scene.run('enqueue', 'session_a', 'session_b')).toBe(3);
  expect(scene.err()).toBe('session_b: not queued (internal_error)');
  expect(await scene.run('enqueue', 'session_b')).toBe(1);
});
