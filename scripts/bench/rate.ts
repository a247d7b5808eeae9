import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../lib/clock.ts';
import { createSimulator } from '../../lib/local/simulator/simulator.ts';
import { runSubject } from './measure.ts';
import type { Goal, Row, SuiteResult } from './report.ts';

const LIMIT = 20;
const BURST = 4;
// Long enough for all of them to be up.
const START_AFTER_MS = 8_000;

interface Paced {
  /** From the common start to the end of the last one, over the least that the limit allows. */
  readonly makespan: number;
  readonly refused: number;
  readonly refusedShare: number;
}

/** How near each policy comes to a known limit, and how often it is refused: all run at once, each with a server of its own. */
export async function runRate({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const requests = isQuick ? 60 : 200;
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const play = (policy: string, instances = 1, rate = LIMIT) => pace({ policy, requests, instances, rate });
  const [one, four, oneFast, fourFast, sequential, pLimitRetry, pQueue, bottleneck] = await Promise.all([
    play('ours'),
    play('ours', 4),
    play('ours', 1, LIMIT * 2),
    play('ours', 4, LIMIT * 2),
    play('sequential'),
    play('pLimitRetry'),
    play('pQueue'),
    play('bottleneck'),
  ]);
  const goal = (id: string, what: string, figure: number, bound: number): Goal => ({
    id,
    what,
    figure,
    bound,
  });
  const rows = (subject: string, { makespan, refused }: Paced): Row[] => [
    { subject, what: 'makespan ÷ ideal', value: makespan, unit: '' },
    { subject, what: 'refused', value: refused, unit: `of ${requests}` },
  ];
  lag.disable();
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
    rows: [
      ...rows('sequential, Retry-After', sequential),
      ...rows('p-limit + p-retry', pLimitRetry),
      ...rows('p-queue + p-retry', pQueue),
      ...rows('bottleneck reservoir', bottleneck),
    ],
  };
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
