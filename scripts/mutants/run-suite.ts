import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from './run-process.ts';

export type SuiteResult =
  | { readonly outcome: 'green'; readonly passed: number }
  /** `test`: full name of the first test that failed, or the file that could not even be loaded. */
  | { readonly outcome: 'red'; readonly test: string; readonly file: string }
  | { readonly outcome: 'unfinished'; readonly reason: string };

export interface SuiteOptions {
  readonly maxMs: number;
  /** Ends at the first failure. */
  readonly stopsEarly: boolean;
}

/** Runs some test files of a tree. */
export async function runSuite(
  root: string,
  files: readonly string[],
  { maxMs, stopsEarly }: SuiteOptions,
): Promise<SuiteResult> {
  const report = join(root, '.mutant-report.json');
  rmSync(report, { force: true });
  const arguments_ = ['run', ...files, '--reporter=json', `--outputFile=${report}`];
  const { exitCode, output } = await runProcess(
    join(root, 'node_modules/.bin/vitest'),
    // One file after the other, because several trees are tested at once.
    [...arguments_, '--no-file-parallelism', ...(stopsEarly ? ['--bail=1'] : [])],
    { cwd: root, maxMs },
  );
  if (exitCode === null) return { outcome: 'unfinished', reason: `not through after ${maxMs / 1000} s` };
  try {
    return readReport(readFileSync(report, 'utf8'), root);
  } catch {
    return { outcome: 'unfinished', reason: output.trim().split('\n').at(-1) ?? 'no report' };
  }
}

interface Report {
  readonly numPassedTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Reads vitest's JSON report. A file without any test that passed or failed could not be loaded: that proves nothing. */
export function readReport(text: string, root: string): SuiteResult {
  // The shape of vitest's own reporter, which the tests of this file hold it to.
  const { numPassedTests, success, testResults } = JSON.parse(text) as Report;
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed) return { outcome: 'red', test: failed.fullName, file: name.replace(`${root}/`, '') };
  }
  const unloaded = testResults.find(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  if (unloaded)
    return { outcome: 'unfinished', reason: `${unloaded.name.replace(`${root}/`, '')} cannot be loaded` };
  if (!success || numPassedTests === 0) return { outcome: 'unfinished', reason: 'no test ran' };
  return { outcome: 'green', passed: numPassedTests };
}
