/** The numbers in which the promises are stated: what the run was configured with, and what must not be seen in it. */
export interface Terms {
  /** B: an event's bucket was computed before its bucket's end. */
  readonly coalesceSeconds: number;
  /** Over all instances of the consumer. */
  readonly requestsPerSecond: number;
  /** How many instances of the consumer share that rate. */
  readonly consumerInstances: number;
  /** How often SQS hands out a message before it moves it. */
  readonly receiveLimit: number;
  readonly maxAttempts: number;
  readonly visibilityTimeoutMs: number;
  /** How long one invocation of the consumer may run. */
  readonly functionTimeoutMs: number;
  /** By how much longer than another a request may be on its way to Crisp: what left apart may arrive together. */
  readonly transitJitterMs: number;
  /** How long the event source mapping goes on after it was asked to stop. */
  readonly tapPropagationMs: number;
  /** Must appear nowhere that people, queues or the ledger see, and in no record. */
  readonly secrets: readonly string[];
  /** Text and contact data of conversations: in records only. */
  readonly canaries: readonly string[];
}
