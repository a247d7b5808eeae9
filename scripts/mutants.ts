import { fileURLToPath } from 'node:url';
import { MUTANTS, type Mutant, toBug } from './mutants/planted.ts';
import {
  createPrivateCopy,
  findBaselineProblem,
  isCaught,
  type Trial,
  toMutantTable,
  tryMutant,
} from './mutants/try-mutant.ts';

// `npm run mutants`: plants each known bug in a copy of the tree and shows which test catches it. The exit code is 0 only
// where every bug was caught and the tree without a bug is green. `npm run mutants -- M7 M18` tries some of them.
const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const mutants = MUTANTS.filter(
  ({ id }) => wanted.length === 0 || wanted.includes(id) || wanted.includes(toBug(id)),
);
const startedMs = performance.now();

let baselineProblem: string | undefined;
const trials: Trial[] = [];
const left: (Mutant | 'baseline')[] = ['baseline', ...mutants];
await Promise.all([work(), work()]);

const inOrder = mutants.flatMap((mutant) => trials.filter((trial) => trial.mutant === mutant));
const bugs = [...Map.groupBy(inOrder, ({ mutant }) => toBug(mutant.id)).values()];
const caught = bugs.filter((readings) => readings.every(isCaught)).length;
console.log(`\n${toMutantTable(inOrder)}`);
console.log(`without a bug: ${baselineProblem ?? 'green'}`);
console.log(`${caught} of ${bugs.length} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
process.exitCode = caught === bugs.length && caught > 0 && baselineProblem === undefined ? 0 : 1;

/** One copy of the tree, and one bug after the other in it. */
async function work(): Promise<void> {
  const copy = createPrivateCopy(root);
  try {
    for (let next = left.shift(); next; next = left.shift()) {
      if (next === 'baseline') {
        baselineProblem = await findBaselineProblem(copy.root);
        console.log(`without a bug: ${baselineProblem ?? 'green'}`);
        continue;
      }
      const trial = await tryMutant(copy.root, next);
      trials.push(trial);
      console.log(`${isCaught(trial) ? 'caught  ' : 'SURVIVED'} ${next.id} ${next.title}`);
    }
  } finally {
    copy.remove();
  }
}
