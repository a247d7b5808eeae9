import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../lib/cli/crisp-enrich.mjs', import.meta.url));

// Told by the process itself, as its last words.
const TELL_PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS))`;

export interface MeasuredCommand {
  readonly stdout: string;
  readonly seconds: number;
  /** The most memory that the process held at a time. */
  readonly peakMib: number;
}

/** Runs the command line in a process of its own. Rejects where it does not exit with 0. */
export async function measureCommand(words: readonly string[], url: string): Promise<MeasuredCommand> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--import', TELL_PEAK, MAIN, ...words], {
    env: { CRISP_ENRICH_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const seconds = (performance.now() - startedMs) / 1000;
  const peak = /peak (\d+)$/.exec(texts.stderr)?.[1];
  if (exitCode !== 0 || peak === undefined) throw new Error(`exit code ${exitCode}: ${texts.stderr}`);
  return { stdout: texts.stdout, seconds, peakMib: Number(peak) / 1024 };
}
