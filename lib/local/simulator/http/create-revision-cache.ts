// Enough for the queries of one walk; a list of all conversations is no small thing to keep.
const MAX_ENTRIES = 8;

/** Keeps what was built for a key until the revision that it was built from is no longer the newest. */
export function createRevisionCache<Value>() {
  const entries = new Map<string, { revision: number; value: Value }>();

  return (key: string, revision: number, build: () => Value): Value => {
    const known = entries.get(key);
    if (known?.revision === revision) return known.value;

    const value = build();
    if (entries.size >= MAX_ENTRIES) entries.clear();
    entries.set(key, { revision, value });
    return value;
  };
}
