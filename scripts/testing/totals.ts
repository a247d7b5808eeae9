/** A test that did not run, and why. */
export interface SkippedTest {
  readonly name: string;
  readonly reason: string;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
}

export function addTotals(totals: readonly Totals[]): Totals {
  return {
    passed: totals.reduce((sum, { passed }) => sum + passed, 0),
    failed: totals.reduce((sum, { failed }) => sum + failed, 0),
    skipped: totals.flatMap(({ skipped }) => skipped),
  };
}

/** True where something ran and nothing failed: a run without a single test proves nothing. */
export function isGreen({ passed, failed }: Totals): boolean {
  return failed === 0 && passed > 0;
}

/** The line that ends every run of the tests. */
export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}
