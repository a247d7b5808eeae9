import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * For all test files of a run: a temporary folder of the run's own, which is empty at its end, or the run fails and says
 * what was left. What the runner and Node put there is not looked at.
 */
export default function setup(): () => void {
  const [usual, own] = [process.env.TMPDIR, mkdtempSync(join(tmpdir(), 'crisp-enrich-run-'))];
  process.env.TMPDIR = own;
  // Where processes that tests start keep what they have compiled, each for the next.
  process.env.NODE_COMPILE_CACHE = join(own, 'node-compile-cache');
  // Where osls keeps the check of its configuration, whose making takes twice as long as all else that it does.
  process.env.SLS_SCHEMA_CACHE_BASE_DIR = process.env.NODE_COMPILE_CACHE;
  return () => {
    delete process.env.NODE_COMPILE_CACHE;
    delete process.env.SLS_SCHEMA_CACHE_BASE_DIR;
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
    const left = readdirSync(own).filter((name) => !OF_THE_RUNNER.test(name));
    rmSync(own, { recursive: true, force: true });
    if (left.length > 0)
      throw new Error(`tests left ${left.length} in the temporary folder: ${left.join(', ')}`);
  };
}

const OF_THE_RUNNER = /^(node-compile-cache|vitest|vite)/;

/** For the environment of a process that a test starts, where it is not this process's own. */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
  SLS_SCHEMA_CACHE_BASE_DIR: process.env.SLS_SCHEMA_CACHE_BASE_DIR,
};
