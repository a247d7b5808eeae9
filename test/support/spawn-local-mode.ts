import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LocalHealth } from '../../lib/local/start-local-mode.ts';

const MAIN = fileURLToPath(new URL('../../lib/local/main.ts', import.meta.url));

export interface SpawnedLocalMode {
  readonly health: LocalHealth;
  /** The most memory that it held at a time, in MiB; undefined where the system does not tell. */
  readonly peakMemoryMb: () => number | undefined;
  /** All that it printed so far. */
  readonly output: () => string;
  /** Ends it with a signal; resolves with its exit code once it is gone: null after SIGKILL. */
  readonly end: (signal: 'SIGKILL' | 'SIGINT') => Promise<number | null>;
}

/** Local mode in a process of its own, without demo traffic; resolves when it is ready. */
export async function spawnLocalMode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<SpawnedLocalMode> {
  const child = spawn(process.execPath, [MAIN, '--no-demo', '--port', '0', '--aws-port', '0', ...args], {
    env: { PATH: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const health = await untilReady(child, () => output);

  return {
    health,
    output: () => output,
    peakMemoryMb: () => readPeakMemory(child.pid),
    async end(signal) {
      const exited = once(child, 'exit');
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

async function untilReady(child: ChildProcess, output: () => string): Promise<LocalHealth> {
  for (;;) {
    const url = /GET (http:\S+\/healthz)/.exec(output())?.[1];
    if (url) return (await fetch(url)).json() as Promise<LocalHealth>; // Its own shape, over HTTP.
    if (child.exitCode !== null) throw new Error(`local mode ended: ${output()}`);
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  }
}

function readPeakMemory(pid: number | undefined): number | undefined {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) return undefined;
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
