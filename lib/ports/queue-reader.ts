/** What a queue tells about itself. The counts are approximate, as SQS's are. */
export interface QueueDescription {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly retentionSeconds: number;
}

export interface QueueReader {
  describe(): Promise<QueueDescription>;
}
