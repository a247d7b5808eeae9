import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { interleave, median, noiseOf, runNode } from './measure.ts';
import type { SuiteResult } from './report.ts';

const MAIN = fileURLToPath(new URL('../../lib/local/main.ts', import.meta.url));
// As package.json's `start` has it: what was compiled at the start before is used again.
const REQUIRE_NODE = fileURLToPath(new URL('../require-node.mjs', import.meta.url));
const CLI = fileURLToPath(new URL('../../lib/cli/crisp-enrich.mjs', import.meta.url));
const LOOK_EVERY_MS = 10;

/** How soon local mode is ready, and what two commands cost, beside an empty process. */
export async function runStart({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const rounds = isQuick ? 2 : 7;
  const seconds: number[] = [];
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  for (let round = 0; round < (isQuick ? 1 : 3); round += 1) {
    const local = await startLocalMode();
    seconds.push(local.seconds);
    await local.stop();
  }
  const local = await startLocalMode();
  const cpuOf = (words: readonly string[]) => async () =>
    (await runNode(words, { CRISP_ENRICH_URL: local.url })).cpuMs;
  const cpu = await interleave(
    {
      empty: cpuOf(['-e', '0']),
      help: cpuOf([CLI, '--help']),
      status: cpuOf([CLI, 'status']),
      again: cpuOf(['-e', '0']),
    },
    rounds,
  );
  await local.stop();
  const empty = median([...cpu.empty, ...cpu.again]);
  return {
    suite: 'start',
    // A start is timed by the clock: where this process itself was kept waiting, it says nothing.
    noise: Math.max(noiseOf(cpu.empty, cpu.again), lag.max / 1e9),
    goals: [
      {
        id: 'P14',
        what: 'npm start to ready, s',
        figure: Math.min(...seconds),
        bound: 1,
        missedBecause: "Two thirds is loading modules: the embedded AWS, the SDK's clients, hono.",
      },
      { id: 'P14', what: 'CPU of --help ÷ an empty process', figure: median(cpu.help) / empty, bound: 7 },
      { id: 'P14', what: 'CPU of status ÷ an empty process', figure: median(cpu.status) / empty, bound: 12 },
    ],
    rows: [{ subject: 'empty process', what: 'CPU', value: empty, unit: 'ms' }],
  };
}

/** Local mode in a process of its own, without demo traffic; `env` is added to this one's. */
export async function startLocalMode(env: Readonly<Record<string, string>> = {}) {
  const [port, awsPort] = [14_700 + (process.pid % 1000), 24_700 + (process.pid % 1000)];
  const url = `http://127.0.0.1:${port}`;
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', REQUIRE_NODE, MAIN, '--no-demo', '--port', String(port), '--aws-port', String(awsPort)],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } },
  );
  const ended = once(child, 'exit');
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  while (!(await isReady(url))) {
    if (hasEnded) throw new Error('local mode ended before it was ready');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return {
    url,
    seconds: (performance.now() - startedMs) / 1000,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
