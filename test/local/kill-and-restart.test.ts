import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import { collectRecords } from '../support/collect-records.ts';
import { signHookRequest } from '../support/sign-hook-request.ts';
import { spawnLocalMode } from '../support/spawn-local-mode.ts';

const SECRET = 'a-hook-secret-for-tests';
const SESSIONS = 500;
const MESSAGES = 3;

test('kill -9 in the middle of 500 sessions loses none that was accepted', { timeout: 120_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'crisp-enrich-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const simulator = createSimulator({ clock: systemClock });
  const crisp = await simulator.listen();
  onTestFinished(() => crisp.stop());
  const sessions = simulator.seedConversations({ conversations: SESSIONS, messages: MESSAGES });
  const start = () => spawnLocalMode(['--data', dataDir], toEnvironment(crisp.url, simulator.account.token));

  const first = await start();
  const statuses = await Promise.all(
    sessions.map(async (session) => {
      const request = signHookRequest(session, { secret: SECRET, nowMs: systemClock.nowMs() });
      return (await fetch(first.health.webhook, request)).status;
    }),
  );
  const before = await collectRecords(first, (records) => records.size >= SESSIONS / 4);
  await first.end('SIGKILL');

  const second = await start();
  const after = await collectRecords(
    second,
    (records) => new Set([...before.keys(), ...records.keys()]).size >= SESSIONS,
  );
  const exitCode = await second.end('SIGINT');

  const received = new Map([...before, ...after]);
  expect(new Set(statuses)).toEqual(new Set([202]));
  expect(before.size).toBeLessThan(SESSIONS);
  expect(sessions.filter(({ sessionId }) => received.get(sessionId) !== MESSAGES)).toEqual([]);
  expect(exitCode).toBe(130);
  expect(second.output()).toMatch(/Left in the queues: \d+ jobs waiting, 0 dead letters/);
});

function toEnvironment(crispUrl: string, token: { identifier: string; key: string }) {
  return {
    CRISP_API_URL: `${crispUrl}/v1`,
    CRISP_TOKEN_IDENTIFIER: token.identifier,
    CRISP_TOKEN_KEY: token.key,
    CRISP_HOOK_SECRETS: SECRET,
    CRISP_REQUESTS_PER_SECOND: '1000',
    COALESCE_SECONDS: '1',
  };
}
