import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../lib/clock.ts';
import type { Inclusion } from '../../lib/config/config.ts';
import { createEnvironmentSecrets } from '../../lib/config/secret-reader.ts';
import { createCrispApi } from '../../lib/crisp/client.ts';
import { fetchConversation } from '../../lib/crisp/conversation.ts';
import { createPagingTrust } from '../../lib/crisp/paging.ts';
import { createThrottle } from '../../lib/crisp/throttle.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createSimulator, type Simulator } from '../../lib/local/simulator/simulator.ts';
import { interleave, median } from './measure.ts';
import type { SuiteResult } from './report.ts';
import { startLocalMode } from './start.ts';

const API_KEY = 'a-key-of-the-benchmark-0123456789abcdef';
const SESSIONS = 1000;
// Crisp's limits are not what is measured here.
const RATE = 1_000_000;

/** How long the API of local mode takes, beside the fetch that an answer contains. */
export async function runApi({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const simulator = createSimulator({ clock: systemClock, limits: { requestsPerSecond: RATE, burst: RATE } });
  const crisp = await simulator.listen();
  const { token } = simulator.account;
  const local = await startLocalMode({
    CRISP_API_URL: `${crisp.url}/v1`,
    CRISP_TOKEN_IDENTIFIER: token.identifier,
    CRISP_TOKEN_KEY: token.key,
    CRISP_HOOK_SECRETS: API_KEY,
    CRISP_WEBSITE_IDS: simulator.websiteId,
    CRISP_REQUESTS_PER_SECOND: '1000',
    CRISP_DAILY_QUOTA: '0',
    API_KEYS: `bench:read+enqueue:${API_KEY}`,
  });
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  try {
    const [session] = simulator.seedConversations({ conversations: 1, messages: 10, anonymousEvery: 0 });
    if (!session) throw new Error('no conversation');
    const figures = await measure(local.url, {
      simulator,
      crispUrl: crisp.url,
      session,
      rounds: isQuick ? 50 : 200,
    });
    return {
      suite: 'api',
      // Timed by the clock: where this process itself was kept waiting, it says nothing.
      noise: lag.max / 1e9,
      goals: [
        { id: 'P15', what: 'POST of 1,000 ids, all queued, ms', figure: figures.postMs, bound: 1000 },
        { id: 'P15', what: 'GET from the archive, median, ms', figure: figures.archiveMs, bound: 20 },
        {
          ...{ id: 'P15', what: 'GET less the fetch in it, median, ms', bound: 10 },
          figure: figures.getMs - figures.fetchMs,
          detail: `GET ${figures.getMs.toFixed(1)}, the fetch alone ${figures.fetchMs.toFixed(1)}`,
        },
      ],
      rows: [],
    };
  } finally {
    lag.disable();
    await local.stop();
    await crisp.stop();
    await simulator.stop();
  }
}

interface MeasureOptions {
  readonly simulator: Simulator;
  readonly crispUrl: string;
  readonly session: SessionRef;
  readonly rounds: number;
}

async function measure(url: string, { simulator, crispUrl, session, rounds }: MeasureOptions) {
  const api = `${url}/v1/conversations`;
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const get = async (query = '') => {
    const answer = await fetch(`${api}/${session.sessionId}${query}`, { headers });
    await answer.json();
    return answer.status;
  };
  const post = async (sessionIds: readonly string[]) => {
    const answer = await fetch(api, { method: 'POST', headers, body: JSON.stringify({ sessionIds }) });
    const { queued } = (await answer.json()) as { queued?: number };
    if (queued !== sessionIds.length) throw new Error(`${answer.status}: only ${queued} were queued`);
  };

  await post([session.sessionId]);
  while ((await get('?from=archive')) !== 200) await systemClock.sleep(200);
  const fetchOnce = createFetch(crispUrl, simulator);
  const timed = (work: () => Promise<unknown>) => async () => {
    const startMs = performance.now();
    await work();
    return performance.now() - startMs;
  };
  const times = await interleave(
    {
      archive: timed(() => get('?from=archive')),
      get: timed(() => get()),
      fetch: timed(() => fetchOnce(session)),
    },
    rounds,
  );
  const ids = Array.from({ length: SESSIONS }, (_, index) => `session_bench-${index}`);
  return {
    archiveMs: median(times.archive),
    getMs: median(times.get),
    fetchMs: median(times.fetch),
    // Last: what it enqueues keeps the consumer busy.
    postMs: await timed(() => post(ids))(),
  };
}

/** The same fetch, in this process. */
function createFetch(crispUrl: string, { account }: Simulator) {
  const telemetry = { emit() {} };
  const crisp = createCrispApi({
    baseUrl: new URL(`${crispUrl}/v1`),
    tier: 'plugin',
    maxResponseBytes: 16 * 1024 * 1024,
    throttle: createThrottle({ ratePerSecond: RATE, burst: RATE, clock: systemClock }),
    quota: { take: async () => undefined, giveBack: () => undefined },
    secrets: createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken: account.token }),
    clock: systemClock,
    telemetry,
  });
  const include: readonly Inclusion[] = ['profile'];
  const context = {
    ...{ crisp, clock: systemClock, telemetry, include, maxPages: 600, profileCacheSeconds: 0 },
    pagingTrust: createPagingTrust(),
  };
  return (session: SessionRef) => fetchConversation(context, session);
}
