/** A message in one of the fake queues. */
export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  /** Of a FIFO queue. */
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly messageAttributes: Readonly<Record<string, unknown>> | undefined;
  /** Retention counts from here. */
  readonly sentMs: number;
  receiveCount: number;
  firstReceivedMs: number | undefined;
  /** The queue that gave it up. */
  readonly sourceArn: string | undefined;
}

export interface ReceivedEntry {
  readonly message: QueueMessage;
  readonly receiptHandle: string;
}
