import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface OslsRun {
  /** Folder that holds serverless.yml. */
  readonly root: string;
  /** osls's environment; the caller's own if not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `inherit` shows its output as it comes; the default keeps it for the error. */
  readonly output?: 'inherit' | 'capture';
}

/** Runs osls (the open Serverless Framework) to its end. Rejects with what it printed where it fails. */
export async function runOsls(
  words: readonly string[],
  { root, environment, output = 'capture' }: OslsRun,
): Promise<void> {
  const printed: string[] = [];
  const child = spawn(process.execPath, [findOsls(), ...words], {
    cwd: root,
    stdio: output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    ...(environment && { env: environment }),
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (exitCode !== 0) throw new Error(`osls ${words[0]} failed\n${printed.join('')}`.trimEnd());
}

function findOsls(): string {
  const manifest = createRequire(import.meta.url).resolve('serverless/package.json');
  return join(dirname(manifest), 'bin/serverless.js');
}
