import { availableParallelism } from 'node:os';
import type { JudgedRun } from '../test/chaos/run-chaos.ts';
import { runScenarios } from '../test/chaos/scenarios/run-scenarios.ts';
import { parseChaosArguments, runInWorkers } from './chaos/run-in-workers.ts';
import { addRun, formatFaults, formatTotals, formatViolations, NO_RUNS } from './chaos/totals.ts';
import { runCommand } from './deploying/command.ts';

// `npm run chaos -- --runs N --seed S`: seeded runs with faults, in virtual time. The last line is the totals; the exit
// code is 1 where a promise was broken. `npm run chaos -- --scenarios` plays the longest troubles through instead.
await runCommand(async () => {
  if (process.argv[2] === '--scenarios') {
    process.exitCode = (await runScenarios(console.log)) === 0 ? 0 : 1;
    return;
  }
  const options = parseChaosArguments(process.argv.slice(2));
  const startedMs = performance.now();
  let totals = NO_RUNS;

  await runInWorkers({ ...options, workers: availableParallelism() }, (judged) => {
    totals = addRun(totals, judged);
    tell(judged);
  });
  console.log(formatFaults(totals));
  console.log(formatTotals(totals, (performance.now() - startedMs) / 1000));
  if (totals.violations > 0) process.exitCode = 1;

  function tell(judged: JudgedRun): void {
    for (const line of judged.trace ?? []) console.log(line);
    if (judged.violations.length > 0) console.log(formatViolations(judged, options));
    if (totals.runs % 500 === 0) console.log(formatTotals(totals, (performance.now() - startedMs) / 1000));
  }
});
