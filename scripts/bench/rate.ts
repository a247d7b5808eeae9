import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../lib/clock.ts';
import { createSimulator } from '../../lib/local/simulator/simulator.ts';
import { runSubject } from './measure.ts';
import type { Goal, Row, SuiteResult } from './report.ts';

const LIMIT = 20;
const BURST = 4;
// Long enough for all of them to be up.
const START_AFTER_MS = 5_000;

interface Paced {
  /** From the common start to the end of the last one, over the least that the limit allows. */
  readonly makespan: number;
  readonly refused: number;
  readonly refusedShare: number;
}

/** How near the throttle comes to a known limit, alone and among four, and how it finds one that is half of what it believes. */
export async function runRate({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const requests = isQuick ? 60 : 200;
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const play = (instances: number, rate: number) => pace({ policy: 'ours', requests, instances, rate });
  // All at once, each with a server of its own.
  const [one, four, oneFast, fourFast] = await Promise.all([
    play(1, LIMIT),
    play(4, LIMIT),
    play(1, LIMIT * 2),
    play(4, LIMIT * 2),
  ]);
  lag.disable();
  const goal = (id: string, what: string, figure: number, bound: number): Goal => {
    return { id, what, figure, bound };
  };
  return {
    suite: 'rate',
    // How long the machine kept the servers themselves waiting, in seconds: nothing can be paced finer.
    noise: lag.max / 1e9,
    goals: [
      goal('P6', 'makespan ÷ ideal at a burst of 4, one instance', one.makespan, 1.03),
      goal('P6', 'refusals, one instance', one.refused, 0),
      goal('P6', 'makespan ÷ ideal, four instances at once', four.makespan, 1.03),
      goal('P6', 'refusals, four instances at once', four.refused, 0),
      goal('P7', 'makespan ÷ ideal, rate twice too high, one instance', oneFast.makespan, 1.25),
      goal('P7', 'refused share, one instance', oneFast.refusedShare, 0.03),
      goal('P7', 'makespan ÷ ideal, rate twice too high, four instances', fourFast.makespan, 1.5),
      goal('P7', 'refused share, four instances', fourFast.refusedShare, 0.05),
    ],
    rows: [],
  };
}

const PEERS = {
  sequential: 'sequential, Retry-After',
  pLimitRetry: 'p-limit + p-retry',
  pQueue: 'p-queue + p-retry',
  bottleneck: 'bottleneck reservoir',
} as const;

/** The same for the usual ways to keep a limit. Nothing is held against them but what the throttle shows. */
export async function runPeers({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const requests = isQuick ? 60 : 100;
  const measure = async ([policy, subject]: [string, string]): Promise<Row[]> => {
    const { makespan, refused } = await pace({ policy, requests, instances: 1, rate: LIMIT });
    return [
      { subject, what: 'makespan ÷ ideal', value: makespan, unit: '' },
      { subject, what: 'refused', value: refused, unit: `for ${requests}` },
    ];
  };
  const rows = await Promise.all(Object.entries(PEERS).map(measure));
  return { suite: 'peers', goals: [], rows: rows.flat() };
}

interface PaceOptions {
  readonly policy: string;
  readonly requests: number;
  readonly instances: number;
  readonly rate: number;
}

async function pace({ policy, requests, instances, rate }: PaceOptions): Promise<Paced> {
  const simulator = createSimulator({
    clock: systemClock,
    limits: { requestsPerSecond: LIMIT, burst: BURST },
    latency: { minMs: 5, maxMs: 15 },
    switches: { retryAfter: 'seconds' },
  });
  const { sessionId, websiteId } = simulator.startConversation();
  const server = await simulator.listen();
  const { identifier, key } = simulator.account.token;
  const subject = {
    url: server.url,
    path: `/v1/website/${websiteId}/conversation/${sessionId}`,
    headers: {
      authorization: `Basic ${Buffer.from(`${identifier}:${key}`).toString('base64')}`,
      'x-crisp-tier': 'plugin',
    },
    ...{ policy, rate, instances, requests: requests / instances, startMs: Date.now() + START_AFTER_MS },
  };
  try {
    const runs = await Promise.all(
      Array.from({ length: instances }, () => runSubject<{ wallMs: number }>('paced.ts', subject)),
    );
    const idealMs = ((requests - BURST) / LIMIT) * 1000;
    const refused = simulator.counters.snapshot().requests.byStatus['429'] ?? 0;
    return {
      makespan: Math.max(...runs.map(({ wallMs }) => wallMs)) / idealMs,
      refused,
      refusedShare: refused / requests,
    };
  } finally {
    await server.stop();
    await simulator.stop();
  }
}
