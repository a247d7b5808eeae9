import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createSimulator } from '../../lib/local/simulator/simulator.ts';
import { inLanes } from '../../lib/queue/pace.ts';
import { signHookRequest } from '../support/hooks.ts';
import { collectRecords, type SpawnedLocalMode, spawnLocalMode } from '../support/local-scene.ts';

const SECRET = 'a-hook-secret-for-tests';
const SESSIONS = 100;
const HOOKS_OF_A_SESSION = 5;
const MESSAGES = 5;

/** The five hooks of a session back to back. */
async function sendHooks({ health }: SpawnedLocalMode, session: SessionRef): Promise<number[]> {
  const statuses: number[] = [];
  for (let hook = 0; hook < HOOKS_OF_A_SESSION; hook++) {
    const request = signHookRequest(session, { secret: SECRET, nowMs: systemClock.nowMs() });
    statuses.push((await fetch(health.webhook, request)).status);
  }
  return statuses;
}

test('500 hooks of 100 sessions become 100 complete records with few fetches and little memory', {
  timeout: 90_000,
}, async () => {
  const simulator = createSimulator({ clock: systemClock });
  const crisp = await simulator.listen();
  onTestFinished(() => crisp.stop());
  const sessions = simulator.seedConversations({ conversations: SESSIONS, messages: MESSAGES });
  const { identifier, key } = simulator.account.token;
  const mode = await spawnLocalMode([], {
    CRISP_API_URL: `${crisp.url}/v1`,
    CRISP_TOKEN_IDENTIFIER: identifier,
    CRISP_TOKEN_KEY: key,
    CRISP_HOOK_SECRETS: SECRET,
    CRISP_REQUESTS_PER_SECOND: '1000',
    COALESCE_SECONDS: '2',
  });
  onTestFinished(() => void mode.end('SIGKILL'));
  const startedMs = systemClock.nowMs();

  const statuses: number[] = [];
  // All at once, the last would wait longer than the webhook waits for the queue.
  await inLanes(sessions, 20, async (session) => void statuses.push(...(await sendHooks(mode, session))));
  const records = await collectRecords(mode, (collected) => collected.size >= SESSIONS);
  const seconds = (systemClock.nowMs() - startedMs) / 1000;

  const fetches = simulator.counters.snapshot().requests.byRoute['GET conversation'] ?? 0;
  console.log(
    `${statuses.length} hooks, ${fetches} fetches, ${seconds.toFixed(1)} s, ${mode.peakMemoryMb()?.toFixed(0)} MiB`,
  );
  expect(statuses.filter((status) => status === 202)).toHaveLength(SESSIONS * HOOKS_OF_A_SESSION);
  expect(sessions.filter(({ sessionId }) => records.get(sessionId) !== MESSAGES)).toEqual([]);
  expect(fetches).toBeLessThanOrEqual(225);
  expect(seconds).toBeLessThan(30);
  expect(mode.peakMemoryMb() ?? 0).toBeLessThan(400);
});
