/** `skipped`: could not be looked at, because something before it failed or is missing. */
export type FindingState = 'ok' | 'warn' | 'fail' | 'skipped';

/** What a look at one thing came to. No secret, no message text and no address of a person is in it. */
export interface Finding {
  /** What was looked at, e.g. `crisp-tier` or `queue sessions`. */
  readonly check: string;
  readonly state: FindingState;
  /** What was found, in one sentence. */
  readonly message: string;
  /** What to do about it, in one sentence; absent where nothing is to be done. */
  readonly remedy?: string;
}
