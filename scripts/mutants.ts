import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const CHAOS_RUNS = 60;
// Longer than any test takes on a busy machine: one that was only slow must not count as one that noticed.
const MAX_MS = 600_000;
// Made anew by whoever needs them, or no part of the sources.
const LEFT_OUT = new Set(['node_modules', '.git', '.build', '.serverless', '.crisp-enrich', 'coverage']);

// What a bug leaves unused is no complaint. A bug in one file does not check all others again.
const TYPES =
  '--noUnusedLocals false --noUnusedParameters false --incremental --tsBuildInfoFile .mutant-types'.split(
    ' ',
  );

/** A bug that is planted on purpose, to see whether the tests notice. */
interface Mutant {
  /** `M6a` and `M6b` are one bug, read in two ways. */
  readonly id: string;
  readonly title: string;
  readonly patches: readonly Patch[];
  /** Test files that should notice, most likely first. */
  readonly tests: readonly string[];
  /** Faults of the chaos runs; empty: drawn ones. */
  readonly faults: readonly string[];
}

interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** `red`: what noticed. `problem`: why it proves nothing. Neither: nobody noticed. */
export interface Trial {
  readonly mutant: Pick<Mutant, 'id' | 'title'>;
  readonly red?: string | undefined;
  readonly problem?: string | undefined;
}

/** The bugs of `planted-bugs.txt`. */
export function readMutants(): Mutant[] {
  const [, ...rows] = readFileSync(join(import.meta.dirname, 'planted-bugs.txt'), 'utf8').split(/^## /m);
  return rows.map((row) => {
    const words = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(row)?.[1]?.split(' ') ?? [];
    const [, id = '', title = ''] = /^(\S+) (.*)/.exec(row) ?? [];
    const patches = row
      .split(/^in /m)
      .slice(1)
      .map((patch): Patch => {
        const lines = patch.split('\n');
        const part = (sign: string) =>
          lines.flatMap((line) => (line.startsWith(sign) ? [line.slice(1)] : [])).join('\n');
        return { file: lines[0] ?? '', find: part('-'), replace: part('+') };
      });
    const tests = words('tests').map((name) => `test/${name}.test.ts`);
    return { id, title, patches, tests, faults: words('faults') };
  });
}

/** The text with one part replaced. Throws where it is not found exactly once: the code has changed, the bug must follow. */
export function patchText(text: string, { file, find, replace }: Patch): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places to patch`);
  return parts.join(replace);
}

/** Plants a bug in a copy of the tree, tries the tests that should notice and the oracle, and takes it out again. */
async function tryMutant(root: string, mutant: Mutant): Promise<Trial> {
  try {
    for (const patch of mutant.patches) {
      const path = join(root, patch.file);
      writeFileSync(path, patchText(readFileSync(path, 'utf8'), patch));
    }
    const types = await run(root, 'tsc', TYPES);
    if (types.exitCode !== 0) return { mutant, problem: `does not compile: ${types.output.split('\n')[0]}` };
    const suite = await runSuite(root, mutant.tests);
    if (suite.red !== undefined) return { mutant, ...suite };
    const chaos = await runChaosSeries(root, mutant.faults);
    return {
      mutant,
      red: chaos.red,
      problem: chaos.red === undefined ? (suite.problem ?? chaos.problem) : undefined,
    };
  } catch (error) {
    return { mutant, problem: String(error) };
  } finally {
    for (const { file } of mutant.patches) cpSync(join(ROOT, file), join(root, file));
  }
}

async function runSuite(root: string, files: readonly string[]): Promise<Pick<Trial, 'red' | 'problem'>> {
  const report = join(root, '.mutant-report.json');
  rmSync(report, { force: true });
  const options = [
    '--reporter=json',
    `--outputFile=${report}`,
    '--no-file-parallelism',
    '--bail=1',
    `--testTimeout=${MAX_MS}`,
  ];
  const { exitCode, output } = await run(root, 'vitest', ['run', ...files, ...options]);
  if (exitCode === null) return { problem: 'the tests took too long' };
  try {
    return readReport(readFileSync(report, 'utf8'), root);
  } catch {
    return { problem: output };
  }
}

/** Reads vitest's JSON report. A file that cannot be loaded is red, but proves nothing. */
export function readReport(text: string, root: string): Pick<Trial, 'red' | 'problem'> {
  const { numPassedTests, success, testResults } = JSON.parse(text) as Report;
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed) return { red: `"${failed.fullName}" in ${name.replace(`${root}/`, '')}` };
  }
  return success && numPassedTests > 0 ? {} : { problem: 'a file cannot be loaded, or no test ran' };
}

/** The shape of vitest's own reporter. */
interface Report {
  readonly numPassedTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

async function runChaosSeries(
  root: string,
  faults: readonly string[],
): Promise<Pick<Trial, 'red' | 'problem'>> {
  const words = ['scripts/chaos.ts', '--runs', String(CHAOS_RUNS), '--seed', '18'];
  return readChaosOutput(
    (await run(root, 'node', faults.length > 0 ? [...words, '--faults', faults.join()] : words)).output,
  );
}

const BY_ORACLE = 'the oracle: ';

/** Reads what `npm run chaos` prints. Without its last line it came to no judgement. */
export function readChaosOutput(output: string): Pick<Trial, 'red' | 'problem'> {
  if (!/^runs \d+ .*\bviolations \d+/m.test(output)) return { problem: output.trim().split('\n').at(-1) };
  const broken = new Set([...output.matchAll(/^ +(I\d+) /gm)].map(([, invariant]) => invariant));
  return broken.size > 0 ? { red: `${BY_ORACLE}${[...broken].join(', ')}` } : {};
}

/** Runs a program to its end; null where it took too long and was ended, with all that it had started. */
async function run(cwd: string, program: string, words: readonly string[]) {
  const command = program === 'node' ? process.execPath : join(cwd, 'node_modules/.bin', program);
  const child = spawn(command, words, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), MAX_MS);
  const exitCode = await new Promise<number | null>((resolve) =>
    child.on('error', () => resolve(1)).on('close', resolve),
  );
  clearTimeout(timer);
  return { exitCode, output };
}

export function formatTrial({ mutant: { id, title }, red, problem }: Trial): string {
  return `${red === undefined ? 'SURVIVED' : 'caught  '} ${id} ${title}: ${red ?? problem ?? 'all green'}`;
}

// `npm run mutants`: plants each known bug in a copy of the tree and shows which test catches it. The exit code is 0 only
// where every bug was caught and the tree without a bug is green. `npm run mutants -- M7 M18` tries some of them.
if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const mutants = readMutants().filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  const root = mkdtempSync(join(tmpdir(), 'crisp-enrich-mutant-'));
  try {
    for (const name of readdirSync(ROOT)) {
      if (!LEFT_OUT.has(name)) cpSync(join(ROOT, name), join(root, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    let caught = 0;
    const series = new Map<string, Mutant>();
    for (const mutant of mutants) {
      const trial = await tryMutant(root, mutant);
      if (trial.red !== undefined) caught += 1;
      if (trial.red?.startsWith(BY_ORACLE)) series.set(mutant.faults.join(), mutant);
      console.log(formatTrial(trial));
    }
    const clean = [await runSuite(root, [...new Set(mutants.flatMap(({ tests }) => tests))])];
    // What the oracle finds proves something only where it finds nothing without the bug.
    for (const { faults } of series.values()) clean.push(await runChaosSeries(root, faults));
    const wrong = clean.flatMap(({ red, problem }) => red ?? problem ?? []);
    console.log(`without a bug: ${wrong[0] ?? 'green'}\n${caught} of ${mutants.length} caught`);
    process.exitCode = caught === mutants.length && caught > 0 && wrong.length === 0 ? 0 : 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
