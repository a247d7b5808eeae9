/** A moment in UTC to the second, `2026-11-22T10:00:00Z`; undefined where it is not known, or is none. */
export function toMoment(ms: number | undefined): string | undefined {
  // A number from outside may lie beyond what a date can be: `toJSON` says null then, where others throw.
  return ms === undefined ? undefined : new Date(ms).toJSON()?.replace(/\.\d{3}Z$/, 'Z');
}
