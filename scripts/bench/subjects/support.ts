import { writeSync } from 'node:fs';

/** What the command gave this process. */
export function readOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? '{}');
}

// See `RESULT_FD` of measure.ts.
export function report(result: object): void {
  writeSync(3, JSON.stringify(result));
}

/** CPU time of this process for one of `rounds` turns of `work`, after as many to warm up; µs. */
export async function measureCpu(rounds: number, work: (round: number) => Promise<unknown>): Promise<number> {
  for (let round = 0; round < rounds; round += 1) await work(round);
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await work(rounds + round);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
