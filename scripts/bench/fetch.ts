import { systemClock } from '../../lib/clock.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createSimulator, type Simulator } from '../../lib/local/simulator/simulator.ts';
import { startFakeAws } from './fake-aws.ts';
import { interleave, median, noiseOf, runSubject } from './measure.ts';
import { playPipeline } from './pipeline.ts';
import type { SuiteResult } from './report.ts';

const LATENCY_MS = 50;
const MINUTE_MS = 60_000;

interface Fetched {
  readonly cpuUs: number;
  readonly wallMs: number;
}

/** What one fetch costs: requests, time, and CPU of the client and of the whole consumer. */
export async function runFetch({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const calls = await countCalls();
  const wall = await measureWall(isQuick ? 2 : 5, isQuick ? 1 : 2);
  // Below some hundred fetches most of a conversation's CPU is the compiler's.
  const cpu = await measureClients(isQuick ? 40 : 300, isQuick ? 1 : 2);
  const official = median([...cpu.official, ...cpu.again]);
  return {
    suite: 'fetch',
    noise: noiseOf(cpu.official, cpu.again),
    goals: [
      { id: 'P2', what: 'calls after one new message, 20 messages', figure: calls.short, bound: 2 },
      { id: 'P2', what: 'calls after one new message, 400 messages', figure: calls.long, bound: 2 },
      { id: 'P3', what: 'requests for 100 messages, page 20', figure: wall.requests, bound: 8 },
      {
        id: 'P4',
        what: `wall of that at ${LATENCY_MS} ms ÷ a bare chain`,
        figure: median(wall.ours) / median(wall.bare),
        bound: 1.02,
        detail: `official client ${(median(wall.official) / median(wall.bare)).toFixed(2)}`,
      },
      {
        id: 'P5',
        what: 'CPU of the client ÷ official client',
        figure: median(cpu.ours) / official,
        bound: 0.5,
        missedBecause: "A quarter is the kernel's, most of the rest undici's.",
      },
      {
        id: 'P5',
        what: 'CPU of the consumer without AWS ÷ official client',
        figure: median(cpu.consumer) / official,
        bound: 1.2,
        missedBecause:
          'No part stands out: sockets are a sixth, building and hashing an eighth, log lines a tenth, the schema a fourteenth.',
      },
      {
        id: 'P5',
        what: 'CPU of the whole consumer ÷ official client',
        figure: median(cpu.whole) / official,
        bound: 4,
        missedBecause:
          'The rest is the SDK of AWS: eight requests for a first record in a batch of five. Its checksums are 5 %, but guard the archive.',
      },
    ],
    rows: [
      { subject: 'bare undici chain', what: 'CPU of a fetch', value: median(cpu.bare), unit: 'µs' },
      { subject: 'crisp-enrich', what: 'CPU of a fetch', value: median(cpu.ours), unit: 'µs' },
      { subject: 'official client', what: 'CPU of a fetch', value: official, unit: 'µs' },
      {
        subject: 'consumer without AWS',
        what: 'CPU of a conversation',
        value: median(cpu.consumer),
        unit: 'µs',
      },
      { subject: 'whole consumer', what: 'CPU of a conversation', value: median(cpu.whole), unit: 'µs' },
    ],
  };
}

/** Calls that a message costs in a conversation that was fetched before. */
async function countCalls() {
  const count = async (history: number) => {
    const first = { atMs: 0, chat: 0, kind: 'message' } as const;
    const second = { ...first, atMs: 20 * MINUTE_MS };
    const [both, one] = [
      await playPipeline([first, second], { history }),
      await playPipeline([first], { history }),
    ];
    return both.calls - one.calls;
  };
  return { short: await count(19), long: await count(399) };
}

async function measureWall(rounds: number, turns: number) {
  const simulator = createSimulator({
    clock: systemClock,
    latency: { minMs: LATENCY_MS, maxMs: LATENCY_MS },
  });
  const session = begin(simulator, 100);
  const server = await simulator.listen();
  const measure = (client: string) => async () =>
    (await runSubject<Fetched>('fetch.ts', toOptions(simulator, server.url, { client, session, rounds })))
      .wallMs;
  try {
    const walls = await interleave(
      { bare: measure('bare'), ours: measure('ours'), official: measure('official') },
      turns,
    );
    simulator.counters.reset();
    await runSubject('fetch.ts', toOptions(simulator, server.url, { client: 'ours', session, rounds: 1 }));
    // One to warm up, one measured; the first learns whether Crisp says 206.
    return { ...walls, requests: simulator.counters.snapshot().requests.total / 2 };
  } finally {
    await server.stop();
    await simulator.stop();
  }
}

async function measureClients(rounds: number, turns: number) {
  const simulator = createSimulator({ clock: systemClock });
  const sessions = Array.from({ length: 5 }, () => begin(simulator, 10));
  const [session] = sessions;
  const [server, aws] = [await simulator.listen(), await startFakeAws()];
  const environment = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'an-example',
    AWS_ENDPOINT_URL: aws.url,
  };
  const fetch = (client: string) => async () =>
    (
      await runSubject<Fetched>(
        'fetch.ts',
        toOptions(simulator, server.url, { client, session, rounds: 2 * rounds }),
      )
    ).cpuUs;
  const consume = (hasAws: boolean) => async () => {
    const options = { hasAws, sessions, awsUrl: aws.url, rounds: Math.ceil(rounds / (hasAws ? 8 : 5)) };
    const subject = toOptions(simulator, server.url, options);
    return (await runSubject<Fetched>('consumer.ts', subject, environment)).cpuUs;
  };
  try {
    return await interleave(
      {
        official: fetch('official'),
        bare: fetch('bare'),
        ours: fetch('ours'),
        consumer: consume(false),
        whole: consume(true),
        again: fetch('official'),
      },
      turns,
    );
  } finally {
    await Promise.all([server.stop(), aws.stop()]);
    await simulator.stop();
  }
}

function begin(simulator: Simulator, messages: number): SessionRef {
  const session = simulator.startConversation({ email: 'ada@example.com' });
  for (let place = messages; place > 0; place -= 1)
    simulator.sendMessage(session, { type: 'text', timestamp: Date.UTC(2026, 8, 1) - place * MINUTE_MS });
  return session;
}

function toOptions({ account }: Simulator, url: string, options: object): object {
  return { account, url, safety: 1, ...options };
}
