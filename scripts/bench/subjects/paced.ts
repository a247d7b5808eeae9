import Bottleneck from 'bottleneck';
import pLimit from 'p-limit';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { Pool } from 'undici';
import { systemClock } from '../../../lib/clock.ts';
import { createThrottle, toThrottleShare } from '../../../lib/crisp/throttle.ts';
import { readOptions, report } from './support.ts';

interface Options {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly path: string;
  readonly policy: keyof typeof POLICIES;
  readonly requests: number;
  /** What the policy believes that it may send, per second; and among how many it is shared. */
  readonly rate: number;
  readonly instances: number;
  /** Everything begins at this moment, epoch ms. */
  readonly startMs: number;
}

// Waits no longer than Crisp asks for: left to itself it would double them up to minutes.
const RETRY = { retries: 100, minTimeout: 500, maxTimeout: 1000 };

// So many requests as fast as a policy sends them, until none is refused: how long that takes.
const options = readOptions<Options>();
const pool = new Pool(options.url);

/** False where it was refused; then with what the server says about when to come again. */
async function ask(): Promise<{ isRefused: boolean; retryAfterMs: number }> {
  const { statusCode, headers, body } = await pool.request({
    path: options.path,
    method: 'GET',
    headers: options.headers,
  });
  await body.dump();
  return { isRefused: statusCode === 429, retryAfterMs: Number(headers['retry-after'] ?? 1) * 1000 };
}

async function askOrThrow(): Promise<void> {
  if ((await ask()).isRefused) throw new Error('refused');
}

const POLICIES = {
  async ours() {
    const share = toThrottleShare({ requestsPerSecond: options.rate, instances: options.instances });
    const throttle = createThrottle({ ...share, clock: systemClock });
    const one = async () => {
      for (;;) {
        await throttle.take();
        if (!(await ask()).isRefused) return;
        throttle.noteRefusal();
      }
    };
    await Promise.all(Array.from({ length: options.requests }, one));
  },
  async sequential() {
    for (let left = options.requests; left > 0; ) {
      const { isRefused, retryAfterMs } = await ask();
      if (isRefused) await systemClock.sleep(retryAfterMs);
      else left -= 1;
    }
  },
  async pLimitRetry() {
    const limit = pLimit(10);
    const one = () => limit(() => pRetry(askOrThrow, RETRY));
    await Promise.all(Array.from({ length: options.requests }, one));
  },
  async pQueue() {
    const queue = new PQueue({ interval: 1000, intervalCap: options.rate });
    const one = () => queue.add(() => pRetry(askOrThrow, RETRY));
    await Promise.all(Array.from({ length: options.requests }, one));
  },
  async bottleneck() {
    const limiter = new Bottleneck({
      reservoir: options.rate,
      reservoirRefreshAmount: options.rate,
      reservoirRefreshInterval: 1000,
      maxConcurrent: 10,
    });
    const one = () => pRetry(() => limiter.schedule(askOrThrow), RETRY);
    await Promise.all(Array.from({ length: options.requests }, one));
  },
} as const;

// Connected and compiled before the clock runs.
await ask();
await systemClock.sleep(options.startMs - Date.now());
const startedMs = performance.now();
await POLICIES[options.policy]();
report({ wallMs: performance.now() - startedMs });
await pool.close();
