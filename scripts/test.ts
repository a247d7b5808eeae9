import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

// The whole suite is meant to take less than five minutes; a loop without end in one file must not take for ever.
const MAX_RUN_MS = 8 * 60_000;
const FAILURE: Totals = { passed: 0, failed: 1, skipped: [] };

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

// A development tool counts as one test, which passes where the tool exits with 0.
async function runTool(root: string, tool: string, words: readonly string[]): Promise<Totals> {
  const child = spawn(join(root, 'node_modules/.bin', tool), words, { cwd: root, stdio: 'inherit' });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: [] } : FAILURE;
}

// A file that cannot be loaded, an error outside of any test, a run without tests, and each file that still runs after
// `maxRunMs` are failures, though vitest counts no test as red. In the last case the caller has to end the process.
export async function runVitest(root: string, maxRunMs = MAX_RUN_MS): Promise<Totals> {
  const { startVitest } = await import('vitest/node');
  const reporter = new TotalsReporter();
  // A forgotten `.only` must not turn the rest of the suite off.
  const options = { root, run: true, watch: false, allowOnly: false, reporters: ['default', reporter] };
  const run = startVitest([], options).then((vitest) => vitest.close());
  const timer = new AbortController();
  await Promise.race([run, sleep(maxRunMs, undefined, timer)]);
  timer.abort();
  return reporter.totals();
}

class TotalsReporter implements Reporter {
  private readonly running = new Set<TestModule>();
  private readonly ended = new Set<TestModule>();
  private final: Totals | undefined;

  onTestModuleStart(module: TestModule): void {
    this.running.add(module);
  }

  onTestModuleEnd(module: TestModule): void {
    this.running.delete(module);
    this.ended.add(module);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const sum = countTests(modules, errors.length);
    this.final = sum.passed + sum.failed === 0 ? FAILURE : sum;
  }

  totals(): Totals {
    if (this.final) return this.final;
    for (const { relativeModuleId } of this.running) console.error(`${relativeModuleId} did not end`);
    return countTests([...this.ended], Math.max(1, this.running.size));
  }
}

function countTests(modules: readonly TestModule[], otherFailures: number): Totals {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state);
  const failed = tests.filter((test) => !test.ok()).length;
  const broken = modules.filter((module) => module.errors().length > 0).length;
  const skipped = inState('skipped').map((test) => ({ name: test.fullName, reason: toReason(test) }));
  return { passed: inState('passed').length, failed: failed + broken + otherFailures, skipped };
}

function toReason(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return note ?? (test.options.mode === 'todo' ? 'todo' : 'no reason given');
}

export function addTotals(totals: readonly Totals[]): Totals {
  const sum = (key: 'passed' | 'failed') => totals.reduce((total, { [key]: count }) => total + count, 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: totals.flatMap((it) => it.skipped) };
}

// A run without a single test proves nothing.
export function isGreen({ passed, failed }: Totals): boolean {
  return failed === 0 && passed > 0;
}

export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

// `npm test`: everything that CI runs, without network. The last line is the totals, whatever happened before it.
if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const summary: string[] = [];
  const results: Totals[] = [];
  for (const [name, run] of [
    ['types', () => runTool(root, 'tsc', [])],
    ["types of the console's page", () => runTool(root, 'tsc', ['-p', 'lib/console/page'])],
    ['lint and format', () => runTool(root, 'biome', ['check', '.'])],
    ['tests', () => runVitest(root)],
  ] as const) {
    console.log(`\n▶ ${name}`);
    const startedMs = performance.now();
    const totals = await run().catch((error: unknown) => {
      console.error(error);
      return FAILURE;
    });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    results.push(totals);
    summary.push(`${isGreen(totals) ? 'ok    ' : 'FAILED'} ${name}: ${formatTotals(totals)} in ${seconds} s`);
  }
  const totals = addTotals(results);
  console.log(`\n${summary.join('\n')}`);
  for (const { name, reason } of totals.skipped) console.log(`skipped ${name}: ${reason}`);
  console.log(formatTotals(totals));
  // A handle that a test forgot must not keep the run from ending.
  process.exit(results.every(isGreen) ? 0 : 1);
}
