/** Time as an argument: the system's in production, a virtual one in tests. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
