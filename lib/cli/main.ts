import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { openOutput } from './output.ts';
import { runCli, sayFailure } from './run.ts';

// What a shell gives to a program that Ctrl-C ended.
const EXIT_INTERRUPTED = 130;

const stop = new AbortController();
const output = openOutput(process, { onEnd: () => stop.abort(), signal: stop.signal });

let isInterrupted = false;
// SIGHUP: the terminal was closed. It may come twice, from the shell and from the system.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // Hidden messages are shown again first; whoever asks twice does not want to wait for that.
    if (isInterrupted && name !== 'SIGHUP') process.exit(EXIT_INTERRUPTED);
    if (isInterrupted) return;
    isInterrupted = true;
    stop.abort();
    output.warn('interrupted: ending what has begun; once more Ctrl-C ends at once');
  });
}

const args = process.argv.slice(2);
let exitCode = await runCli(args, {
  output,
  clock: systemClock,
  signal: stop.signal,
  ask: process.stdin.isTTY && process.stdout.isTTY ? ask : undefined,
  // The help and a mistyped command need neither the configuration's rules nor AWS's clients.
  loadConfig: async (options) => (await import('../config/load.ts')).loadOperatorConfig(options),
  connect: async (options) => (await import('../operate/operations.ts')).connectStage(options),
});
// How the last write ended is known now.
await setImmediate();
const failure = output.failure();
if (failure && !isInterrupted) exitCode = sayFailure(failure, args, output);
// Whoever closed our output has seen enough; a terminal that is gone has not.
process.exitCode = output.isClosed() && !isInterrupted ? 0 : exitCode;

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question, { signal: stop.signal });
  } finally {
    lines.close();
  }
}
