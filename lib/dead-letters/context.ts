import type { QueueReader } from '../aws/queues.ts';
import type { Clock } from '../clock.ts';
import type { WebsiteId } from '../ids.ts';
import type { FailureNotes } from '../ledger/failure-notes.ts';
import type { LookNotes, RedriveNotes } from '../ledger/message-notes.ts';
import type { QuotaNotes } from '../ledger/quota-notes.ts';
import type { RunHistory } from '../ledger/runs.ts';
import type { EnqueueSessions } from '../queue/sessions-queue.ts';
import type { MoveTasks } from './move-tasks.ts';
import type { DeadLetterQueue } from './queue.ts';

/** What the commands for one dead-letter queue work with. */
export interface DeadLetterContext {
  readonly queue: DeadLetterQueue;
  /** Of the same queue. */
  readonly queueReader: QueueReader;
  /** The two ends of a redrive, by their URLs. */
  readonly queues: { readonly sourceUrl: string; readonly destinationUrl: string };
  readonly moveTasks: MoveTasks;
  readonly enqueue: EnqueueSessions;
  readonly failureNotes: FailureNotes;
  readonly runHistory: RunHistory;
  readonly redriveNotes: RedriveNotes;
  readonly lookNotes: LookNotes;
  /** The day's calls: what is redriven is planned with the spare ones. */
  readonly quota: Pick<QuotaNotes, 'read' | 'plan'>;
  /** The website of a message that names none, as the consumer has it. */
  readonly onlyWebsiteId: WebsiteId | undefined;
  readonly clock: Clock;
}
