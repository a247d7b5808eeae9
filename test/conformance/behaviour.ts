import type { LocalAwsClients } from '../../lib/local/aws/endpoints.ts';

/** What the behaviours are tried on: the embedded AWS, or a real account. */
export interface ConformanceTarget extends LocalAwsClients {
  /** Lets time go by: at once on the embedded AWS, whose clock is turned; by waiting on a real one. */
  pass(seconds: number): Promise<void>;
  /** How long a receive waits for what should be there: a real queue may need a moment. */
  readonly patienceSeconds: number;
  /** Longer than this is not waited for: a behaviour that needs more is left out. */
  readonly longestPassSeconds: number;
  /** A name that no other run has used, for a resource that is deleted at the end. */
  name(base: string): string;
  /** Registers what is to be undone at the end. */
  onEnd(undo: () => Promise<unknown>): void;
}

/** A rule of AWS that the pipeline relies on. docs/local-aws.md lists each by its title. */
export interface Behaviour {
  readonly title: string;
  /** The longest time that it lets go by. */
  readonly passesSeconds?: number;
  run(target: ConformanceTarget): Promise<void>;
}
