import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { receiveHooks } from './support/receive-hooks.ts';
import { createOfficialClient, startSimulator } from './support/start-simulator.ts';

const PROXY = new URL('./support/recording-proxy.ts', import.meta.url).pathname;

interface AccessLog {
  readonly url: string;
  lines(): string[];
}

async function startProxy(target: string): Promise<AccessLog> {
  const folder = mkdtempSync(join(tmpdir(), 'access-log-'));
  const logFile = join(folder, 'access.log');
  writeFileSync(logFile, '');
  const child = spawn(process.execPath, [PROXY, target, logFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  const [port] = await once(child.stdout, 'data');
  return {
    url: `http://127.0.0.1:${String(port).trim()}`,
    lines: () => readFileSync(logFile, 'utf8').trim().split('\n'),
  };
}

// The test's own idea of which path belongs to which route.
const ROUTES: readonly [RegExp, string][] = [
  [/\/conversation\/[^/]+$/, 'conversation'],
  [/\/messages(\?|$)/, 'messages'],
  [/\/conversations\/\d+(\?|$)/, 'conversations'],
  [/\/people\/profile\//, 'profile'],
  [/\/v1\/website\/[^/]+$/, 'website'],
];

function countLog(lines: readonly string[]) {
  const byRoute: Record<string, number> = {};
  const byStatus: Record<string, number> = {};
  const bySession: Record<string, Record<string, number>> = {};
  for (const line of lines) {
    const [method = '', path = '', status = ''] = line.split(' ');
    const route = `${method} ${ROUTES.find(([pattern]) => pattern.test(path))?.[1] ?? 'unknown'}`;
    const [, website, session] = /website\/([^/]+)\/conversation\/(session_[^/?]+)/.exec(path) ?? [];
    byRoute[route] = (byRoute[route] ?? 0) + 1;
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    if (session === undefined) continue;
    const ofSession = bySession[`${website}:${session}`] ?? {};
    bySession[`${website}:${session}`] = ofSession;
    ofSession[route] = (ofSession[route] ?? 0) + 1;
  }
  return { total: lines.length, byRoute, byStatus, bySession };
}

test('the counters equal the access log of a proxy in another process', async () => {
  const { simulator, server } = await startSimulator({ limits: { dailyQuota: 60 } });
  const sessions = simulator.seedConversations({ conversations: 8, messages: 45 });
  const proxy = await startProxy(server.url);
  const client = createOfficialClient(simulator, proxy.url);
  const { websiteId } = simulator;
  const wanted = sessions.slice(2).map(({ sessionId }) => sessionId);
  simulator.faults.add({
    route: 'messages',
    times: 3,
    after: 4,
    effect: { kind: 'reset', at: 'before-headers' },
  });
  simulator.faults.add({ route: 'profile', times: 2, effect: { kind: 'body', status: 502, body: '<html>' } });

  const settle = (calls: Promise<unknown>[]) => Promise.allSettled(calls);
  for (const sessionId of [...wanted, ...wanted, 'session_missing']) {
    await settle([
      client.website.getConversation(websiteId, sessionId),
      client.website.getMessagesInConversation(websiteId, sessionId),
      client.website.checkConversationExists(websiteId, sessionId),
      client.website.getPeopleProfile(websiteId, 'nobody@example.com'),
      client.website.getWebsite(websiteId),
    ]);
  }
  await settle([client.website.listConversations(websiteId, 1), client.get(`${proxy.url}/v1/nothing/here`)]);

  const { total, byRoute, byStatus } = simulator.counters.snapshot().requests;
  const counted = { total, byRoute, byStatus, bySession: simulator.counters.bySession() };
  expect(counted).toEqual(countLog(proxy.lines()));
  expect(total).toBe(67);
  // Each kind of answer is among them, else equality would say little.
  expect(Object.keys(byStatus).toSorted()).toEqual(['200', '206', '404', '429', '502', 'reset']);
});

test('hook counters equal what a receiver got', async () => {
  const { simulator } = await startSimulator({ switches: { hookAttemptLimit: 1 } });
  const hooks = await receiveHooks();
  hooks.answerWith(200, 500, 200, 410, 200);
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin' });
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin', events: ['message:send'] });
  simulator.hooks.loseNext(2);

  const session = simulator.startConversation();
  simulator.sendMessage(session);
  simulator.removeConversation(session);
  await simulator.hooks.settled();

  const { hooks: counts } = simulator.counters.snapshot();
  expect(counts.attempts).toBe(hooks.received.length);
  expect(counts).toMatchObject({
    lost: 2,
    failedAttempts: 2,
    abandoned: 2,
    acknowledged: counts.attempts - 2,
  });
  expect(counts.deliveries).toBe(counts.attempts + counts.lost);
  expect(counts.deliveries).toBe(counts.events + 1);
});

test('what is not under /v1 is not counted, and a reset starts from zero', async () => {
  const { simulator, server, get } = await startSimulator();

  await fetch(`${server.url}/_simulator`);
  expect(simulator.counters.snapshot().requests.total).toBe(0);
  await get('conversations/1');
  expect(simulator.counters.snapshot().requests.total).toBe(1);
  simulator.counters.reset();
  expect(simulator.counters.snapshot().requests).toEqual({
    total: 0,
    byRoute: {},
    byStatus: {},
    cacheHits: 0,
  });
});
