interface Entry {
  readonly status: number;
  readonly body: string;
  readonly storedMs: number;
}

export interface ReadCache {
  /** The answer kept for this URL, where it is younger than `maxAgeMs`. */
  find(url: string, nowMs: number, maxAgeMs: number): Pick<Entry, 'status' | 'body'> | undefined;
  keep(url: string, entry: Entry): void;
}

// More would only make a long benchmark hold every answer it ever gave.
const MAX_ENTRIES = 2000;

/** Crisp's read cache (Bloom): an answer is repeated for a while, whatever has changed since. */
export function createReadCache(): ReadCache {
  const entries = new Map<string, Entry>();

  return {
    find(url, nowMs, maxAgeMs) {
      const entry = entries.get(url);
      return entry !== undefined && nowMs - entry.storedMs < maxAgeMs ? entry : undefined;
    },
    keep(url, entry) {
      entries.delete(url);
      entries.set(url, entry);
      for (const oldest of entries.keys()) {
        if (entries.size <= MAX_ENTRIES) break;
        entries.delete(oldest);
      }
    },
  };
}
