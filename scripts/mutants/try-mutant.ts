import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTANTS, type Mutant, type Patch } from './planted.ts';

/** Runs on a tree without a bug all that the mutants are tried on; undefined where it is green. */
export async function findBaselineProblem(root: string): Promise<string | undefined> {
  const files = [...new Set(MUTANTS.flatMap(({ tests }) => tests))];
  const suite = await runSuite(root, files, { maxMs: SUITE_MAX_MS, stopsEarly: false });
  if (suite.outcome === 'red') return `"${suite.test}" in ${suite.file} is red without any bug`;
  if (suite.outcome === 'unfinished') return suite.reason;

  // One series for each choice of faults.
  const series = new Map(MUTANTS.map(({ faults }) => [faults?.join(), faults]));
  for (const faults of series.values()) {
    const chaos = await runChaosSeries(root, { ...CHAOS, faults });
    if (chaos.outcome === 'unfinished') return chaos.reason;
    if (chaos.broken.length > 0) return `${chaos.broken.join(', ')} broken without any bug`;
  }
  return undefined;
}

/** Each planted bug with the test that caught it, as Markdown. */
export function toMutantTable(trials: readonly Trial[]): string {
  const caught = trials.filter(isCaught).length;
  return `${caught} of ${trials.length} caught.

| | planted bug | caught by | the oracle, in ${CHAOS.runs} chaos runs |
|---|---|---|---|
${trials.map(toRow).join('\n')}
`;
}

function toRow(trial: Trial): string {
  const { id, title } = trial.mutant;
  return `| ${id} | ${title} | ${toCatch(trial)} | ${toOracle(trial)} |`;
}

function toCatch(trial: Trial): string {
  if ('problem' in trial) return `**survived**: ${trial.problem}`;
  const { suite } = trial;
  if (suite.outcome === 'red') return `"${suite.test.replaceAll('|', '\\|')}" in \`${suite.file}\``;
  return isCaught(trial) ? 'the oracle alone' : '**survived**';
}

function toOracle(trial: Trial): string {
  if ('problem' in trial) return '';
  const { chaos, mutant } = trial;
  const aimed = mutant.faults ? ` (with ${mutant.faults.join(', ')})` : '';
  if (chaos.outcome === 'unfinished') return chaos.reason;
  return `${chaos.broken.length > 0 ? chaos.broken.join(', ') : 'nothing'}${aimed}`;
}

/** What became of a planted bug. */
export type Trial =
  | { readonly mutant: Mutant; readonly suite: SuiteResult; readonly chaos: ChaosResult }
  /** It could not even be planted: that counts as survived. */
  | { readonly mutant: Mutant; readonly problem: string };

const CHAOS = { runs: 60, seed: 18, maxMs: 120_000 } as const;
const SUITE_MAX_MS = 180_000;

/** Plants a bug in a copy of the tree, tests it, and takes it out again. */
export async function tryMutant(root: string, mutant: Mutant): Promise<Trial> {
  let restore: () => void;
  try {
    restore = applyPatches(root, mutant.patches);
  } catch (error) {
    if (error instanceof PatchError) return { mutant, problem: error.message };
    throw error;
  }
  try {
    const types = await checkTypes(root);
    if (types !== undefined) return { mutant, problem: types };
    const suite = await runSuite(root, mutant.tests, { maxMs: SUITE_MAX_MS, stopsEarly: true });
    return { mutant, suite, chaos: await runChaosSeries(root, { ...CHAOS, faults: mutant.faults }) };
  } finally {
    restore();
  }
}

/** True where a test turned red, or the oracle saw a promise broken. */
export function isCaught(trial: Trial): boolean {
  if ('problem' in trial) return false;
  const { suite, chaos } = trial;
  return suite.outcome === 'red' || (chaos.outcome === 'judged' && chaos.broken.length > 0);
}

/** The first complaint of the compiler; undefined where it has none. What a bug leaves unused is no complaint. */
async function checkTypes(root: string): Promise<string | undefined> {
  const options = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];
  const { exitCode, output } = await runProcess(join(root, 'node_modules/.bin/tsc'), options, {
    cwd: root,
    maxMs: 60_000,
  });
  return exitCode === 0 ? undefined : `does not compile: ${output.split('\n')[0]}`;
}

export class PatchError extends Error {
  override readonly name = 'PatchError';
}

/**
 * Changes files of a copy of the tree, and returns what undoes it. Throws `PatchError` where a text is not found exactly
 * once, and leaves everything as it was: the code has changed, and the mutant has to follow.
 */
export function applyPatches(root: string, patches: readonly Patch[]): () => void {
  const before = new Map<string, string>();
  const restore = () => {
    for (const [path, text] of before) writeFileSync(path, text);
  };
  try {
    for (const patch of patches) {
      const path = join(root, patch.file);
      const text = readFileSync(path, 'utf8');
      if (!before.has(path)) before.set(path, text);
      writeFileSync(path, patchText(text, patch));
    }
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}

/** The text with one part replaced. */
export function patchText(text: string, { file, find, replace }: Patch): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new PatchError(`${file} has ${parts.length - 1} places to patch`);
  return parts.join(replace);
}

/** A copy of the tree to plant bugs in, so that nobody ever sees them in the real one. */
interface PrivateCopy {
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

type ChaosResult =
  /** The promises that were broken in at least one run; none: the series saw nothing. */
  | { readonly outcome: 'judged'; readonly broken: readonly string[] }
  | { readonly outcome: 'unfinished'; readonly reason: string };

interface ChaosOptions {
  readonly runs: number;
  readonly seed: number;
  readonly maxMs: number;
  /** Exactly these in every run, instead of drawn ones. */
  readonly faults?: readonly string[] | undefined;
}

/** Runs a short series of chaos runs of a tree. */
async function runChaosSeries(
  root: string,
  { runs, seed, maxMs, faults }: ChaosOptions,
): Promise<ChaosResult> {
  const series = ['scripts/chaos.ts', '--runs', String(runs), '--seed', String(seed)];
  const arguments_ = faults ? [...series, '--faults', faults.join()] : series;
  const { exitCode, output } = await runProcess(process.execPath, arguments_, { cwd: root, maxMs });
  if (exitCode === null) return { outcome: 'unfinished', reason: `not through after ${maxMs / 1000} s` };
  return readChaosOutput(output);
}

/** Reads what `npm run chaos` prints. Without its last line it came to no judgement. */
export function readChaosOutput(output: string): ChaosResult {
  if (!/^runs \d+ .*\bviolations \d+/m.test(output)) {
    return { outcome: 'unfinished', reason: output.trim().split('\n').at(-1) ?? 'no output' };
  }
  const broken = [...output.matchAll(/^ +(I\d+) /gm)].map(([, invariant = '']) => invariant);
  const inOrder = [...new Set(broken)].toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  return { outcome: 'judged', broken: inOrder };
}

type SuiteResult =
  | { readonly outcome: 'green'; readonly passed: number }
  /** `test`: full name of the first test that failed, or the file that could not even be loaded. */
  | { readonly outcome: 'red'; readonly test: string; readonly file: string }
  | { readonly outcome: 'unfinished'; readonly reason: string };

interface SuiteOptions {
  readonly maxMs: number;
  /** Ends at the first failure. */
  readonly stopsEarly: boolean;
}

/** Runs some test files of a tree. */
async function runSuite(
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

interface ProcessResult {
  /** Null where it had to be ended. */
  readonly exitCode: number | null;
  readonly output: string;
}

interface ProcessOptions {
  readonly cwd: string;
  readonly maxMs: number;
}

/** Runs a program to its end, or for `maxMs`; then it and what it started are ended. */
async function runProcess(
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
