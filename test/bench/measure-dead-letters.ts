import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What it took to list and group dead letters, in a process of its own. */
export interface DeadLetterListing {
  readonly seen: number;
  readonly groups: number;
  /** How many were shown again at the end. */
  readonly restored: number;
  /** The most memory that the process held at a time. */
  readonly peakMib: number;
}

const PROCESS = join(import.meta.dirname, 'list-dead-letters-process.ts');

export async function measureDeadLetters(count: number): Promise<DeadLetterListing> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, String(count)]);
  return JSON.parse(stdout);
}
