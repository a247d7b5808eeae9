/** The name that a misspelt one most likely stands for, or undefined where none is near: a third of it may differ. */
export function findNearestName(misspelt: string, names: readonly string[]): string | undefined {
  const limit = Math.floor(misspelt.length / 3);
  const [nearest] = names
    .map((name) => ({ name, distance: countEdits(misspelt, name) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return nearest?.name;
}

/** Levenshtein's distance: how many letters to insert, delete or replace. Names are short. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const letter of from) {
    const next = [(row[0] ?? 0) + 1];
    for (let at = 1; at <= to.length; at += 1) {
      const replaced = (row[at - 1] ?? 0) + (letter === to[at - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
