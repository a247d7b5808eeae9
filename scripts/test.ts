import { fileURLToPath } from 'node:url';
import { addTotals, formatTotals, isGreen, runTool, runVitest, type Totals } from './testing/run-vitest.ts';

// `npm test`: everything that CI runs, without network. The last line is the totals, whatever happened before it.
const root = fileURLToPath(new URL('..', import.meta.url));

const steps: readonly { readonly name: string; readonly run: () => Promise<Totals> }[] = [
  { name: 'types', run: () => runTool(root, 'tsc', []) },
  { name: 'lint and format', run: () => runTool(root, 'biome', ['check', '.']) },
  { name: 'tests', run: () => runVitest(root) },
];

const results: Totals[] = [];
const summary: string[] = [];
for (const { name, run } of steps) {
  console.log(`\n▶ ${name}`);
  const startedMs = performance.now();
  const totals = await runStep(run);
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

// A step that cannot even start is a failure of that step; the others still run.
async function runStep(run: () => Promise<Totals>): Promise<Totals> {
  try {
    return await run();
  } catch (error) {
    console.error(error);
    return { passed: 0, failed: 1, skipped: [] };
  }
}
