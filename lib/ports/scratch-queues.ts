/** A FIFO queue that exists for a test alone. Rejects with `OperationError`. */
export interface ScratchQueue {
  readonly name: string;
  /** All messages go into one group. */
  send(body: string, deduplicationId: string): Promise<void>;
  /** The bodies of what is there, which is deleted. */
  take(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export interface ScratchQueues {
  /** A new one, set as the sessions queue is, with a delay of its own. */
  create(delaySeconds: number): Promise<ScratchQueue>;
}
