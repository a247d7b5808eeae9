/**
 * What becomes of a message. `acknowledged`: its work is durable, SQS may delete it. `retained`: it stays in the queue
 * and is received again when its visibility timeout ends; it is reported as a batch item failure.
 */
export type MessageOutcome =
  | { readonly outcome: 'acknowledged' }
  | { readonly outcome: 'retained'; readonly reason: string };

export const ACKNOWLEDGED: MessageOutcome = { outcome: 'acknowledged' };
