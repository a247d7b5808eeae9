import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What one process took, from its start or for the part of its work that it measured itself. */
export interface Sample {
  /** User and system, ms. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakMib: number;
}

const SUBJECTS = join(import.meta.dirname, 'subjects');

// Powertools prints to the standard output: a subject writes its result to a pipe of its own.
const RESULT_FD = 3;

// Of a minified bundle a stack shows whole lines.
const MOST_SHOWN = 1000;

/** Runs a subject in a process of its own; resolves with what it reports. Rejects with what it printed where it fails. */
export async function runSubject<Result>(
  file: string,
  options: object,
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const words = [join(SUBJECTS, file), JSON.stringify(options)];
  const { exitCode, result, errors } = await run(words, env);
  if (exitCode !== 0)
    throw new Error(`${words.join(' ')} ended with ${exitCode}: ${errors.slice(-MOST_SHOWN)}`);
  return JSON.parse(result);
}

/** Runs Node with these words; the sample is the whole process's, from spawn to its end. */
export async function runNode(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Sample> {
  const startedMs = performance.now();
  const { exitCode, result, errors } = await run(['--import', REPORT_AT_EXIT, ...words], env);
  if (result === '')
    throw new Error(`${words.join(' ')} ended with ${exitCode}: ${errors.slice(-MOST_SHOWN)}`);
  return { ...JSON.parse(result), wallMs: performance.now() - startedMs };
}

const REPORT_AT_EXIT = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    writeSync(${RESULT_FD}, JSON.stringify({ cpuMs: (user + system) / 1000, peakMib: process.resourceUsage().maxRSS / 1024 }));
  });
`)}`;

async function run(words: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  const texts = { result: '', errors: '' };
  const gather = (name: keyof typeof texts, stream: NodeJS.ReadableStream | null) =>
    stream?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  gather('errors', child.stderr);
  // A pipe that this process only reads from.
  gather('result', child.stdio[RESULT_FD] as NodeJS.ReadableStream);
  const exitCode = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  return { exitCode, ...texts };
}

/** Measures each subject once a round, one after the other: a slow minute of the machine meets all of them. */
export async function interleave<Name extends string>(
  subjects: Readonly<Record<Name, () => Promise<number>>>,
  rounds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(subjects) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) figures[name].push(await subjects[name]());
  }
  return figures;
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

/** By how much two measurements of the same subject differ. */
export function noiseOf(first: readonly number[], second: readonly number[]): number {
  return Math.abs(median(first) / median(second) - 1);
}
