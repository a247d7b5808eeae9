import { CHAOS, isCaught, type Trial } from './try-mutant.ts';

/** docs/mutants.md: each planted bug with the test that caught it. */
export function toMutantTable(trials: readonly Trial[]): string {
  const caught = trials.filter(isCaught).length;
  return `${INTRODUCTION}
${caught} of ${trials.length} caught.

| | planted bug | caught by | the oracle, in ${CHAOS.runs} chaos runs |
|---|---|---|---|
${trials.map(toRow).join('\n')}
`;
}

const INTRODUCTION = `# Planted bugs

A test that cannot fail proves nothing. \`npm run mutants\` plants each of these bugs, which systems of this kind are known for, in a copy of the tree, and runs tests on it: a few files of the ordinary suite, up to the first test that fails, and a short series of chaos runs. A bug that does not apply or does not compile counts as survived. In the same command all of it is run on the copy without a bug, and has to be green. The command fails unless every bug is caught.

Two readings of one bug have a letter behind their number; both have to be caught. The last column says which promises the oracle saw broken, where need be in runs with the fault that brings the bug out; it knows nothing of the code, and what harms nobody within a short series it cannot see.

Written by \`npm run mutants\`.
`;

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
