/** Rules by which faults strike: each may have something to say about a call, and the newest that has is heard. */
export interface Disturbances<Call, Trouble> {
  /** The function that is returned ends it. */
  add(rule: (call: Call) => Trouble | undefined): () => void;
  find(call: Call): Trouble | undefined;
  clear(): void;
}

export function createDisturbances<Call, Trouble>(): Disturbances<Call, Trouble> {
  const rules = new Set<(call: Call) => Trouble | undefined>();

  return {
    add(rule) {
      // A rule that is added twice is two rules.
      const added = (call: Call) => rule(call);
      rules.add(added);
      return () => void rules.delete(added);
    },
    find(call) {
      let found: Trouble | undefined;
      for (const rule of rules) found = rule(call) ?? found;
      return found;
    },
    clear: () => rules.clear(),
  };
}
