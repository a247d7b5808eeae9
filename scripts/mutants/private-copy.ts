import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of the tree to plant bugs in, so that nobody ever sees them in the real one. */
export interface PrivateCopy {
  readonly root: string;
  remove(): void;
}

// Made anew by whoever needs them, or no part of the sources.
const LEFT_OUT = new Set(['node_modules', '.git', '.build', '.serverless', '.crisp-enrich', 'coverage']);

export function createPrivateCopy(source: string): PrivateCopy {
  const root = mkdtempSync(join(tmpdir(), 'crisp-enrich-mutant-'));
  for (const name of readdirSync(source)) {
    if (!LEFT_OUT.has(name)) cpSync(join(source, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(source, 'node_modules'), join(root, 'node_modules'));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
