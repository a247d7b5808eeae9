import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import { startLocalScene } from '../support/start-local-scene.ts';

const PROXY = fileURLToPath(new URL('./simulator/support/recording-proxy.ts', import.meta.url));

async function startProxy(target: string) {
  const folder = mkdtempSync(join(tmpdir(), 'access-log-'));
  const logFile = join(folder, 'access.log');
  const child = spawn(process.execPath, [PROXY, target, logFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  const [port] = await once(child.stdout, 'data');
  const countLines = () => readFileSync(logFile, 'utf8').trim().split('\n').length;
  return { url: `http://127.0.0.1:${String(port).trim()}`, countLines };
}

test('after a run of the pipeline, its own count, the simulator’s and a proxy’s access log agree', {
  timeout: 60_000,
}, async () => {
  const simulator = createSimulator({ clock: systemClock });
  const server = await simulator.listen();
  onTestFinished(() => server.stop());
  const proxy = await startProxy(server.url);
  const { identifier, key } = simulator.account.token;
  const scene = await startLocalScene({
    env: {
      CRISP_API_URL: `${proxy.url}/v1`,
      CRISP_TOKEN_IDENTIFIER: identifier,
      CRISP_TOKEN_KEY: key,
      CRISP_REQUESTS_PER_SECOND: '400',
    },
  });
  onTestFinished(() => scene.stop());
  const sessions = simulator.seedConversations({ conversations: 20, messages: 45 });

  for (const session of sessions) await scene.hook(session);
  await scene.receiveRecords(sessions.length);

  const { total } = simulator.counters.snapshot().requests;
  expect(total).toBeGreaterThanOrEqual(sessions.length * 4);
  expect(proxy.countLines()).toBe(total);
  expect(scene.totals().crispRequests).toBe(total);
});
