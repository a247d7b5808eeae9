import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runApi } from './bench/api.ts';
import { runCold } from './bench/cold.ts';
import { COUNTED_SUITES, runCounted } from './bench/counted.ts';
import { toChart, toDocument } from './bench/document.ts';
import { runFetch } from './bench/fetch.ts';
import { runGrowth } from './bench/growth.ts';
import { runHot } from './bench/hot.ts';
import { runRate } from './bench/rate.ts';
import { formatSuite, hasFailed, judge, type SuiteResult } from './bench/report.ts';
import { runStart } from './bench/start.ts';

// `npm run bench`: every goal with its figure, bound and verdict; ends with 1 where one is missed. `--suite NAME` (again
// for more), `--quick`, `--json FILE`, `--docs` (writes docs/benchmarks.md and its chart).
const SUITES = {
  ...COUNTED_SUITES,
  fetch: runFetch,
  hot: runHot,
  rate: runRate,
  cold: runCold,
  growth: runGrowth,
  start: runStart,
  api: runApi,
} as const;
type SuiteName = keyof typeof SUITES;

// The others need their time: with less of it they would say what is not so.
const QUICK_SUITES: readonly SuiteName[] = ['calls', 'quota', 'aws', 'fetch', 'hot', 'cold'];

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    suite: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
});
const unknown = values.suite?.find((name) => !isSuite(name));
if (unknown !== undefined) throw new Error(`no suite ${unknown}: one of ${Object.keys(SUITES).join(', ')}`);

const names = (values.suite ?? (values.quick ? QUICK_SUITES : Object.keys(SUITES))).filter(isSuite);
const results: SuiteResult[] = [];
let isBroken = false;
const options = { isQuick: values.quick };
await Promise.all(names.filter(isCounted).map((name) => tell(name, () => runCounted(name, options))));
for (const name of names) if (!isCounted(name)) await tell(name, () => SUITES[name](options));
const order: readonly string[] = names;
results.sort((a, b) => order.indexOf(a.suite) - order.indexOf(b.suite));
if (values.json !== undefined) await writeFile(values.json, toJson());
if (values.docs) await writeDocuments();
process.exit(isBroken || hasFailed(results) ? 1 : 0);

async function tell(name: SuiteName, run: () => Promise<SuiteResult>): Promise<void> {
  const startedMs = performance.now();
  try {
    const result = await run();
    console.log(
      `${formatSuite(result)}\n       took ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
    );
    results.push(result);
  } catch (error) {
    // The others are worth having.
    console.error(`${name} broke:`, error);
    isBroken = true;
  }
}

function isCounted(name: string): name is keyof typeof COUNTED_SUITES {
  return Object.hasOwn(COUNTED_SUITES, name);
}

function isSuite(name: string): name is SuiteName {
  return Object.hasOwn(SUITES, name);
}

function toJson(): string {
  const suites = results.map((result) => ({
    ...result,
    goals: result.goals.map((goal) => ({ ...goal, verdict: judge(goal, result) })),
  }));
  return `${JSON.stringify({ node: process.version, suites }, null, 1)}\n`;
}

async function writeDocuments(): Promise<void> {
  const docs = fileURLToPath(new URL('../docs/', import.meta.url));
  const machine = `${availableParallelism()} cores, ${process.arch}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(`${docs}benchmarks.md`, toDocument(results, { date, machine }));
  const rows = results.flatMap((result) => result.rows);
  await writeFile(`${docs}calls-per-chat.svg`, toChart(rows));
}
