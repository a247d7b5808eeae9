/** The width of each column but the last one, which takes what is left. */
export type Columns = readonly number[];

/** A line of a table whose columns are fixed, so that rows can be shown as they come. */
export function formatRow(cells: readonly string[], columns: Columns): string {
  const padded = cells.map((cell, index) => cell.padEnd(columns[index] ?? 0));
  return `${padded.join('  ').trimEnd()}\n`;
}
