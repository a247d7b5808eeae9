import type { ScenarioReport } from './scenario.ts';
import { playOwnFailure, SCENARIOS } from './scenarios.ts';

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

interface NamedReport extends ScenarioReport {
  readonly name: string;
}

/** The reports as a table for people. */
function formatScenarios(reports: readonly NamedReport[]): string {
  const rows = [HEADINGS, ...reports.map(toRow)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

const HEADINGS = [
  ...['scenario', 'accepted', 'records', 'dead letters', 'dead after', 'most receives'],
  ...['calls while down', 'down', 'drained in', 'violations'],
];

function toRow({
  name,
  accepted,
  records,
  deadLetters,
  mostReceives,
  callsWhileDown,
  ...report
}: NamedReport) {
  const { deadAfterMs, downMs, drainMs, violations } = report;
  return [
    ...[name, accepted, records, deadLetters, toSpan(deadAfterMs), mostReceives],
    ...[callsWhileDown, toSpan(downMs), toSpan(drainMs), violations.length],
  ].map(String);
}

function toSpan(ms: number | undefined): string {
  if (ms === undefined) return '-';
  const minutes = ms / 60_000;
  return minutes >= 60 ? `${(minutes / 60).toFixed(1)} h` : `${minutes.toFixed(1)} min`;
}
