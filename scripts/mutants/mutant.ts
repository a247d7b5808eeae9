/** A bug that is planted on purpose, to see whether the tests notice. */
export interface Mutant {
  /** `M6`; a letter behind it where one bug can be read in two ways. */
  readonly id: string;
  /** What the bug does, in a few words. */
  readonly title: string;
  readonly patches: readonly Patch[];
  /** Files of the ordinary suite that should notice, most likely first. */
  readonly tests: readonly string[];
  /** Faults that bring the bug out, where the chaos runs seldom would by themselves: `F46`. */
  readonly faults?: readonly string[];
}

export interface Patch {
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}
