/** SQS's own redrive of a whole dead-letter queue, of which one runs at a time. */
export interface MoveTask {
  readonly status: 'running' | 'completed' | 'cancelling' | 'cancelled' | 'failed';
  readonly moved: number;
  /** How many there were when it began, as far as SQS tells. */
  readonly toMove: number | undefined;
  /** By which it can be cancelled; only a running one has it. */
  readonly handle: string | undefined;
  readonly failureReason: string | undefined;
}

export interface MoveTasks {
  /** Throws `OperationError` `redrive_running` where one runs. */
  start(options: { readonly ratePerSecond: number }): Promise<void>;
  /** The newest task; undefined where there never was one. */
  latest(): Promise<MoveTask | undefined>;
  /** Messages that were moved stay so. A task that has ended meanwhile is no failure. */
  cancel(handle: string): Promise<void>;
}
