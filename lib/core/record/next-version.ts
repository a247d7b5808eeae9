/**
 * The version of a record: when its fetch began (epoch ms), or one more than the last one where a clock ran behind, so
 * that versions of a session always grow.
 */
export function nextVersion(startedMs: number, lastVersion: number | undefined): number {
  return lastVersion === undefined ? startedMs : Math.max(startedMs, lastVersion + 1);
}
