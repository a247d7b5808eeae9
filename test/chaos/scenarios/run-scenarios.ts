import { SCENARIOS } from './all-scenarios.ts';
import { formatScenarios, type NamedReport } from './format-scenarios.ts';
import { playOwnFailure } from './own-failure.ts';

/** Plays all scenarios, prints what each cost, and returns how many promises were broken. */
export async function runScenarios(print: (text: string) => void): Promise<number> {
  const reports: NamedReport[] = [];
  for (const { name, run } of SCENARIOS) reports.push({ name, ...(await run()) });
  print(formatScenarios(reports));

  const own = await playOwnFailure();
  const attempts = own.attemptsAfterSeconds.map((seconds) => `${seconds.toFixed(0)} s`).join(', ');
  print(
    `\none session that fails on its own account: attempts after ${attempts}; ${own.idleReceives} receives without a call;`,
  );
  print(
    `reason ${own.reason.code}, ${own.reason.attempts} attempts; dead letters ${own.deadLetters.join(', after the redrive ')}; records after the redrive ${own.recordsAfterRedrive}`,
  );

  const violations = [...reports, own].flatMap((report) => report.violations);
  for (const { invariant, text } of violations) print(`${invariant}: ${text}`);
  print(`scenarios ${SCENARIOS.length + 1} · violations ${violations.length}`);
  return violations.length;
}
