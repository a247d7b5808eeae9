/** What a queue tells about itself. The counts are approximate, as SQS's are. */
export interface QueueDescription {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  /** Undefined where the queue does not tell. */
  readonly retentionSeconds: number | undefined;
}

export interface QueueReader {
  describe(): Promise<QueueDescription>;
}
