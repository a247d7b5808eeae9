export type InvariantId = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10';

/** A promise that a run broke. */
export interface Violation {
  readonly invariant: InvariantId;
  /** When it could first be seen, epoch ms. */
  readonly atMs: number;
  /** One sentence for whoever replays the run. */
  readonly text: string;
}
