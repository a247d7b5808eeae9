import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Totals } from './totals.ts';

/** Runs a development tool, showing what it prints. It counts as one test, which passed where it exits with 0. */
export async function runTool(root: string, tool: string, arguments_: readonly string[]): Promise<Totals> {
  const child = spawn(join(root, 'node_modules/.bin', tool), arguments_, { cwd: root, stdio: 'inherit' });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: [] };
}
