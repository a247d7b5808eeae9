const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** A stretch of time in its two largest units, `3d 4h` or `12s`; `-` where it is not known. */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined) return '-';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const first = UNITS.findIndex(([, length]) => seconds >= length);
  const [name, length] = UNITS[first] ?? ['s', 1];
  const [nextName, nextLength] = UNITS[first + 1] ?? ['s', 1];
  const rest = Math.floor((seconds % length) / nextLength);
  const head = `${Math.floor(seconds / length)}${name}`;
  return name === 's' || rest === 0 ? head : `${head} ${rest}${nextName}`;
}
