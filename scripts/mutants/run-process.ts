import { spawn } from 'node:child_process';

export interface ProcessResult {
  /** Null where it had to be ended. */
  readonly exitCode: number | null;
  readonly output: string;
}

export interface ProcessOptions {
  readonly cwd: string;
  readonly maxMs: number;
}

/** Runs a program to its end, or for `maxMs`; then it and what it started are ended. */
export async function runProcess(
  command: string,
  arguments_: readonly string[],
  { cwd, maxMs }: ProcessOptions,
): Promise<ProcessResult> {
  const child = spawn(command, arguments_, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const timer = setTimeout(() => endGroup(child.pid), maxMs);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  clearTimeout(timer);
  return { exitCode, output: Buffer.concat(chunks).toString() };
}

// It leads a group of its own, so its workers end with it.
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
