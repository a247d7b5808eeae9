import { expect, test } from 'vitest';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { createCliScene } from '../support/create-cli-scene.ts';
import { aLetter } from '../support/create-dead-letter-scene.ts';
import { aFailedRun, aRun } from '../support/run-builders.ts';

const SESSION = `${WEBSITE_ID}:session_a`;
const STARTED_MS = 1_790_856_000_000;

test('runs shows what each run of a session came to, the newest first', async () => {
  const { run, out, runLog } = createCliScene();
  await runLog.record([
    aFailedRun({ session: aSession(), startedMs: STARTED_MS, reason: 'a page of \u001b[31mHTML' }),
    aRun({ session: aSession(), startedMs: STARTED_MS + 60_000, receiveCount: 2, attempt: 2 }),
  ]);

  expect(await run('runs', SESSION)).toBe(0);

  const rows = out().trimEnd().split('\n');
  expect(rows[1]).toMatch(/^2026-10-01T12:01:00Z +emitted +2 +2 +3 +250 ms$/);
  expect(rows[2]).toMatch(
    /^2026-10-01T12:00:00Z +failed +1 +1 +3 +250 ms +bad_response:not_json in fetch HTTP 200 again in 42 s \(a page of \\u001b\[31mHTML\)$/,
  );
});

test('runs of a session that nobody asked for says so', async () => {
  const { run, out } = createCliScene();

  expect(await run('runs', SESSION)).toBe(0);
  expect(out()).toContain('No run of session_a is known');
});

test('runs takes a limit, and a form for programs', async () => {
  const { run, json, runLog } = createCliScene();
  await runLog.record([1, 2, 3].map((ms) => aRun({ session: aSession(), startedMs: STARTED_MS + ms })));

  expect(await run('runs', SESSION, '--limit', '2', '--json')).toBe(0);

  expect(json()).toMatchObject({ website_id: WEBSITE_ID, session_id: 'session_a' });
  expect(json().runs).toHaveLength(2);
});

test('trace shows runs, newest record and dead letters together', async () => {
  const { run, out, queue, runLog } = createCliScene();
  const letter = aLetter({ session: aSession() });
  queue.bury(letter);
  await runLog.record([aFailedRun({ session: aSession(), messageId: letter.messageId })]);

  expect(await run('trace', SESSION)).toBe(0);

  expect(out()).toContain('newest record: none was ever archived');
  expect(out()).toMatch(/ failed .*bad_response:not_json/);
  expect(out()).toMatch(new RegExp(`^${letter.messageId} `, 'm'));
});

test('trace has a form for programs', async () => {
  const { run, json } = createCliScene();

  expect(await run('trace', SESSION, '--json')).toBe(0);
  expect(json()).toMatchObject({ session_id: 'session_a', latest: null, runs: [], dead_letters: [] });
});

test('status shows every queue, and how deliveries stand', async () => {
  const [plain, machine] = [createCliScene(), createCliScene()];

  expect(await plain.run('status')).toBe(0);
  expect(await machine.run('status', '--json', '--stage', 'prod')).toBe(0);

  expect(plain.out()).toMatch(/^sessions-dlq +0 +0 +0 +14d$/m);
  expect(plain.out()).toContain('deliveries: on');
  expect(machine.json().queues).toHaveLength(5);
  expect(machine.targets).toEqual(['prod']);
});

test('pause keeps why, and resume ends it', async () => {
  const { run, out, pauses } = createCliScene();

  expect(await run('pause', '--reason', 'Crisp is being migrated')).toBe(0);
  expect(await run('resume')).toBe(0);

  expect(pauses).toEqual(['Crisp is being migrated']);
  expect(out()).toMatch(/^Paused: .*\nResumed: /);
});
