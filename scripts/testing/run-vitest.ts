import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Reporter, startVitest, type TestCase, type TestModule } from 'vitest/node';

/** Runs a development tool, showing what it prints. It counts as one test, which passed where it exits with 0. */
export async function runTool(root: string, tool: string, arguments_: readonly string[]): Promise<Totals> {
  const child = spawn(join(root, 'node_modules/.bin', tool), arguments_, { cwd: root, stdio: 'inherit' });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: [] };
}

const NOTHING_RAN: Totals = { passed: 0, failed: 1, skipped: [] };
// The whole suite is meant to take less than three minutes; a loop without end in one file must not take for ever.
const MAX_RUN_MS = 8 * 60_000;

/**
 * Runs all tests once. A file that cannot be loaded, an error outside of any test, and a run without tests count as
 * failures, though no test of vitest's own count is red then; and so does each file that is not through after `maxRunMs`.
 * The caller has to end the process itself in that case.
 */
export async function runVitest(root: string, maxRunMs = MAX_RUN_MS): Promise<Totals> {
  const counter = createCounter();
  const run = startVitest([], {
    root,
    run: true,
    watch: false,
    // A forgotten `.only` must not turn the rest of the suite off.
    allowOnly: false,
    reporters: ['default', counter.reporter],
  }).then((vitest) => vitest.close());
  const timer = new AbortController();
  await Promise.race([run, sleep(maxRunMs, undefined, timer)]);
  timer.abort();
  return counter.totals();
}

function createCounter() {
  const running = new Set<TestModule>();
  const modules = new Set<TestModule>();
  let total: Totals | undefined;
  const reporter: Reporter = {
    onTestModuleStart: (module) => void running.add(module),
    onTestModuleEnd: (module) => {
      running.delete(module);
      modules.add(module);
    },
    onTestRunEnd: (all, unhandledErrors) => {
      const sum = addModules(all, unhandledErrors.length);
      total = sum.passed + sum.failed === 0 ? NOTHING_RAN : sum;
    },
  };
  return {
    reporter,
    totals(): Totals {
      if (total) return total;
      for (const { relativeModuleId } of running) console.error(`${relativeModuleId} did not come to an end`);
      return addTotals([
        addModules([...modules], 0),
        { passed: 0, failed: Math.max(1, running.size), skipped: [] },
      ]);
    },
  };
}

function addModules(modules: readonly TestModule[], unhandledErrors: number): Totals {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const failedTests = tests.filter((test) => !test.ok()).length;
  const passed = tests.filter((test) => test.result().state === 'passed').length;
  const brokenModules = modules.filter((module) => module.errors().length > 0).length;
  const failed = failedTests + brokenModules + unhandledErrors;
  return { passed, failed, skipped: tests.filter(isSkipped).map(toSkipped) };
}

function isSkipped(test: TestCase): boolean {
  return test.result().state === 'skipped';
}

function toSkipped(test: TestCase): { name: string; reason: string } {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return { name: test.fullName, reason: note ?? (test.options.mode === 'todo' ? 'todo' : 'no reason given') };
}

/** A test that did not run, and why. */
interface SkippedTest {
  readonly name: string;
  readonly reason: string;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
}

export function addTotals(totals: readonly Totals[]): Totals {
  return {
    passed: totals.reduce((sum, { passed }) => sum + passed, 0),
    failed: totals.reduce((sum, { failed }) => sum + failed, 0),
    skipped: totals.flatMap(({ skipped }) => skipped),
  };
}

/** True where something ran and nothing failed: a run without a single test proves nothing. */
export function isGreen({ passed, failed }: Totals): boolean {
  return failed === 0 && passed > 0;
}

/** The line that ends every run of the tests. */
export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}
