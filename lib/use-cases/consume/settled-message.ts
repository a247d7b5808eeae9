import type { ReceivedMessage } from '../../core/job/received-message.ts';
import type { Run } from '../../core/run/run.ts';
import type { MessageOutcome } from './message-outcome.ts';

/** What one receive of one message came to; what its run shares with others is filled in where runs are recorded. */
export type RunEnd = Pick<
  Run,
  'outcome' | 'attempt' | 'apiCalls' | 'stage' | 'code' | 'status' | 'reason' | 'delaySeconds'
>;

/** A message that was answered for. */
export interface SettledMessage {
  readonly message: ReceivedMessage;
  readonly outcome: MessageOutcome;
  /** Absent where the run log would learn nothing new. */
  readonly end?: RunEnd;
}
