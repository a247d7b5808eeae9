import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runCalls } from './bench/calls.ts';
import { runCold } from './bench/cold.ts';
import { runFetch } from './bench/fetch.ts';
import { runHot } from './bench/hot.ts';
import { runRate } from './bench/rate.ts';
import { formatSuite, hasFailed, judge, type SuiteResult } from './bench/report.ts';

// `npm run bench`: every goal with its figure, bound and verdict; ends with 1 where one is missed.
const SUITES = { calls: runCalls, fetch: runFetch, hot: runHot, rate: runRate, cold: runCold } as const;
type SuiteName = keyof typeof SUITES;

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    suite: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
  },
});
const names = (values.suite ?? Object.keys(SUITES)) as SuiteName[];
const results: SuiteResult[] = [];
for (const name of names) {
  const result = await SUITES[name]({ isQuick: values.quick });
  console.log(formatSuite(result));
  results.push(result);
}
if (values.json !== undefined) {
  const suites = results.map((result) => ({
    ...result,
    goals: result.goals.map((goal) => ({ ...goal, verdict: judge(goal, result) })),
  }));
  await writeFile(values.json, `${JSON.stringify({ node: process.version, suites }, null, 1)}\n`);
}
process.exitCode = hasFailed(results) ? 1 : 0;
