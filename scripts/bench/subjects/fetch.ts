import { systemClock } from '../../../lib/clock.ts';
import { createEnvironmentSecrets } from '../../../lib/config/secret-reader.ts';
import { createCrispApi } from '../../../lib/crisp/client.ts';
import { fetchConversation } from '../../../lib/crisp/conversation.ts';
import { createPagingTrust } from '../../../lib/crisp/paging.ts';
import type { SessionRef } from '../../../lib/ids.ts';
import type { Account } from '../../../lib/local/simulator/workspace.ts';
import { createBareClient } from '../bare-client.ts';
import { createOfficialClient } from '../official-client.ts';
import { measureCpu, readOptions, report } from './support.ts';

interface Options {
  readonly url: string;
  readonly account: Account;
  readonly session: SessionRef;
  readonly client: 'ours' | 'bare' | 'official';
  readonly rounds: number;
  /** Added to the bare client's cursor. */
  readonly safety: number;
}

// The same conversation again and again, in full: CPU and wall of one fetch.
const { url, account, session, client, rounds, safety } = readOptions<Options>();
const { fetch, close } = { ours: createOurs, bare: createBare, official: createOfficial }[client]();
const walls: number[] = [];
const cpuUs = await measureCpu(rounds, async () => {
  const startedMs = performance.now();
  await fetch();
  walls.push(performance.now() - startedMs);
});
const measured = walls.slice(rounds).sort((a, b) => a - b);
report({ cpuUs, wallMs: measured[measured.length >> 1] });
await close();

function createOurs() {
  const telemetry = { emit: () => undefined };
  const crisp = createCrispApi({
    baseUrl: new URL(`${url}/v1`),
    tier: 'plugin',
    secrets: createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken: account.token }),
    // Its pace is measured elsewhere.
    throttle: { take: async () => undefined, noteRefusal: () => undefined, ratePerSecond: 1000 },
    clock: systemClock,
    maxResponseBytes: 16 * 1024 * 1024,
    telemetry,
  });
  const context = {
    ...{ crisp, telemetry, clock: systemClock, maxPages: 600, profileCacheSeconds: 0 },
    ...{ include: ['profile'] as const, pagingTrust: createPagingTrust() },
  };
  return { fetch: () => fetchConversation(context, session), close: crisp.close };
}

function createBare() {
  const bare = createBareClient(url, account);
  return { fetch: () => bare.fetch(session, { safety }), close: bare.close };
}

function createOfficial() {
  const official = createOfficialClient(url, account);
  return { fetch: () => official.fetch(session), close: async () => process.exit() };
}
