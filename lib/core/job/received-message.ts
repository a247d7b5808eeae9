/** A message of the sessions queue as the consumer received it: still unread, so the body is any text. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS has handed it out, this time included; 1-based. */
  readonly receiveCount: number;
  /** When it was sent by SQS's own clock, epoch ms; undefined where the attribute is missing. */
  readonly sentMs: number | undefined;
  /** By which SQS drops its twins; undefined where the attribute is missing. */
  readonly deduplicationId?: string | undefined;
}
